import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A snap with at least one row is for devices that fit one of its rows, and for no others. A row outlives the snap: one that is
 * removed and pushed again is not for everybody meanwhile.
 */
@Entity({ name: 'snap_restriction' })
export class SnapRestriction {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32, primaryKeyConstraintName: 'snap_restriction_pk' })
  readonly snapId!: string;

  @PrimaryColumn({ name: 'brand_id', type: 'text', primaryKeyConstraintName: 'snap_restriction_pk' })
  readonly brandId!: string;

  /** Empty for every model of the brand. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'snap_restriction_pk' })
  readonly model!: string;

  /** The snap's name when it was restricted, to show. */
  @Column({ type: 'text' })
  readonly name!: string;

  @Column({ name: 'added_at', type: 'timestamptz' })
  readonly addedAt!: Date;
}
