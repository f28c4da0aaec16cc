import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A nonce that a device has used, until it would not be valid any more anyway. */
@Entity({ name: 'device_spent_nonce' })
export class SpentNonce {
  @PrimaryColumn({ type: 'char', length: 32, primaryKeyConstraintName: 'device_spent_nonce_pk' })
  readonly id!: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  @Index('device_spent_nonce_expires')
  readonly expiresAt!: Date;
}
