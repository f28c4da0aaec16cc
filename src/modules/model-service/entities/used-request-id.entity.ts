import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A request-id that was used, for as long as it could be used again. */
@Entity({ name: 'used_request_id' })
export class UsedRequestId {
  /** SHA-256 of it in hex. */
  @PrimaryColumn({ type: 'char', length: 64, primaryKeyConstraintName: 'used_request_id_pk' })
  readonly digest!: string;

  /** Whose request it was: the same device may ask again for an answer that it did not get. */
  @Column({ name: 'device_key_id', type: 'text' })
  readonly deviceKeyId!: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  @Index('used_request_id_expires')
  readonly expiresAt!: Date;
}
