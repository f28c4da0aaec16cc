import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The authority that this installation is; there is one row or none. */
@Entity({ name: 'authority' })
export class Authority {
  /** Always 1. */
  @PrimaryColumn({ type: 'smallint' })
  readonly id!: number;

  @Column({ name: 'account_id', type: 'text' })
  readonly accountId!: string;

  /** Of the account's RSA key that signs. */
  @Column({ name: 'key_id', type: 'text' })
  readonly keyId!: string;

  /** The account, its account-keys and what they stand on, as one stream: what its stores and devices have to trust. */
  @Column({ type: 'bytea' })
  readonly roots!: Buffer;

  /** Sealed: macaroons and their caveats are made with keys that come from it. */
  @Column({ type: 'text' })
  readonly secret!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;
}
