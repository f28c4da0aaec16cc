import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { Answers } from '../../../../formats/registration-protocol/index.js';

/** A store that was registered. It is known by its key: registering that again gives the same id. */
@Entity({ name: 'authority_store' })
export class RegisteredStore {
  @PrimaryColumn({ name: 'store_id', type: 'text' })
  readonly storeId!: string;

  @Column({ name: 'operator_id', type: 'text' })
  readonly operatorId!: string;

  /** SHA3-384 of its public key, as in assertions. */
  @Column({ name: 'key_id', type: 'text' })
  @Index('authority_store_key', { unique: true })
  readonly keyId!: string;

  @Column({ type: 'text' })
  readonly url!: string;

  /** Of its store assertion. */
  @Column({ type: 'integer' })
  readonly revision!: number;

  /** What was answered, as one stream: the same question gets the same answer. */
  @Column({ type: 'bytea' })
  readonly assertions!: Buffer;

  @Column({ type: 'jsonb' })
  readonly answers!: Answers;

  @Column({ name: 'registered_at', type: 'timestamptz' })
  readonly registeredAt!: Date;

  @Column({ name: 'issued_at', type: 'timestamptz' })
  readonly issuedAt!: Date;
}
