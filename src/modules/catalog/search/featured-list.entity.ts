import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What the operator recommends, first things first. There is one list or none; without one, what bundles say counts. */
@Entity({ name: 'featured_list' })
@Check('featured_list_only', 'id = 1')
export class FeaturedList {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'featured_list_pk' })
  readonly id!: number;

  /** Of snaps that were held when it was written; one that comes back is where it was. */
  @Column({ name: 'snap_ids', type: 'text', array: true })
  readonly snapIds!: string[];

  @Column({ name: 'changed_at', type: 'timestamptz', default: () => 'now()' })
  readonly changedAt!: Date;
}
