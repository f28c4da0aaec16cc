import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The categories that the operator has put a snap in, instead of those that a bundle named. Stays when the snap goes, for when it comes back. */
@Entity({ name: 'snap_categories' })
export class SnapCategories {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32, primaryKeyConstraintName: 'snap_categories_pk' })
  readonly snapId!: string;

  @Column({ type: 'text', array: true })
  readonly categories!: string[];

  @Column({ name: 'changed_at', type: 'timestamptz', default: () => 'now()' })
  readonly changedAt!: Date;
}
