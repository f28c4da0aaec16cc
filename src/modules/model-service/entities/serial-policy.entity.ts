import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How serials of a model are signed. The highest revision that was not taken back is in force; rows are never changed otherwise. */
@Entity({ name: 'serial_policy' })
export class SerialPolicy {
  @PrimaryColumn({ name: 'brand_id', type: 'text', primaryKeyConstraintName: 'serial_policy_pk' })
  readonly brandId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'serial_policy_pk' })
  readonly model!: string;

  /** From 1 on. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'serial_policy_pk' })
  readonly revision!: number;

  @Column({ name: 'key_id', type: 'text' })
  readonly keyId!: string;

  /** The account that the key belongs to: the brand, or one that the model names in `serial-authority`. */
  @Column({ name: 'authority_id', type: 'text' })
  readonly authorityId!: string;

  /** Whether a device may say which serial it would like to have. */
  @Column({ name: 'takes_proposed', type: 'boolean' })
  readonly takesProposed!: boolean;

  /** How many devices of the model may have one. */
  @Column({ name: 'device_limit', type: 'integer' })
  readonly deviceLimit!: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'created_by', type: 'text' })
  readonly createdBy!: string;

  @Column({ name: 'removed_at', type: 'timestamptz', nullable: true })
  readonly removedAt!: Date | null;
}
