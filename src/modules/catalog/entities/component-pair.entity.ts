import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

import { ComponentRevision } from './component-revision.entity.js';
import { SnapRevision } from './snap-revision.entity.js';

/**
 * A component revision that goes with a revision of its snap, as a snap-resource-pair assertion says; both are held. Of several
 * of one component, devices are told of the highest.
 */
@Entity({ name: 'component_pair' })
@Index('component_pair_component', ['snapId', 'name', 'componentRevision'])
export class ComponentPair {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32, primaryKeyConstraintName: 'component_pair_pk' })
  readonly snapId!: string;

  @PrimaryColumn({ name: 'snap_revision', type: 'integer', primaryKeyConstraintName: 'component_pair_pk' })
  readonly snapRevision!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'component_pair_pk' })
  readonly name!: string;

  @PrimaryColumn({ name: 'component_revision', type: 'integer', primaryKeyConstraintName: 'component_pair_pk' })
  readonly componentRevision!: number;

  @ManyToOne(() => SnapRevision, { onDelete: 'CASCADE' })
  @JoinColumn([
    { name: 'snap_id', referencedColumnName: 'snapId', foreignKeyConstraintName: 'component_pair_snap_revision' },
    {
      name: 'snap_revision',
      referencedColumnName: 'revision',
      foreignKeyConstraintName: 'component_pair_snap_revision',
    },
  ])
  readonly snap?: SnapRevision;

  @ManyToOne(() => ComponentRevision, { onDelete: 'CASCADE' })
  @JoinColumn([
    { name: 'snap_id', referencedColumnName: 'snapId', foreignKeyConstraintName: 'component_pair_component_revision' },
    { name: 'name', referencedColumnName: 'name', foreignKeyConstraintName: 'component_pair_component_revision' },
    {
      name: 'component_revision',
      referencedColumnName: 'revision',
      foreignKeyConstraintName: 'component_pair_component_revision',
    },
  ])
  readonly component?: ComponentRevision;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;
}
