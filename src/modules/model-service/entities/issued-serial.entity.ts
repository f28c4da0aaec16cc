import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * A serial that was given to a device: one for each device key of a model, and each serial to one key. It stays here when it is
 * revoked, so that neither is given out again.
 */
@Entity({ name: 'issued_serial' })
@Index('issued_serial_serial', ['brandId', 'model', 'serial'], { unique: true })
@Index('issued_serial_key', ['brandId', 'model', 'deviceKeyId'], { unique: true })
export class IssuedSerial {
  /** Counts up in the order in which they were first given out. */
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'issued_serial_pk',
  })
  readonly id!: string;

  @Column({ name: 'brand_id', type: 'text' })
  readonly brandId!: string;

  @Column({ type: 'text' })
  readonly model!: string;

  @Column({ type: 'text' })
  readonly serial!: string;

  /** SHA3-384 as assertions name a key. */
  @Column({ name: 'device_key_id', type: 'text' })
  readonly deviceKeyId!: string;

  @Column({ name: 'policy_revision', type: 'integer' })
  readonly policyRevision!: number;

  /** What signed the newest. */
  @Column({ name: 'key_id', type: 'text' })
  readonly keyId!: string;

  /** The newest serial assertion, byte for byte. */
  @Column({ type: 'bytea' })
  readonly assertion!: Buffer;

  /** The request that was answered with it. */
  @Column({ type: 'bytea' })
  readonly request!: Buffer;

  /** The model that the device had before, where it came from another one. */
  @Column({ name: 'original_model', type: 'text', nullable: true })
  readonly originalModel!: string | null;

  @Column({ name: 'issued_at', type: 'timestamptz' })
  readonly issuedAt!: Date;

  /** When the device asked for it last. */
  @Column({ name: 'asked_at', type: 'timestamptz' })
  readonly askedAt!: Date;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  readonly revokedAt!: Date | null;

  @Column({ name: 'revoked_by', type: 'text', nullable: true })
  readonly revokedBy!: string | null;

  @Column({ name: 'revoked_reason', type: 'text', nullable: true })
  readonly revokedReason!: string | null;
}
