import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

import { SnapRevision } from '../entities/snap-revision.entity.js';

/** `too-large`: it would hardly be smaller than the snap. `failed`: see the reason. Neither is tried again by itself. */
export type DeltaState = 'made' | 'too-large' | 'failed';

/**
 * What turns the file of one held revision into that of another (xdelta3, a VCDIFF of the files as they are), or why there is none.
 * It goes with either of them.
 */
@Entity({ name: 'snap_delta' })
@Index('snap_delta_blob', ['sha3_384'])
export class SnapDelta {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32, primaryKeyConstraintName: 'snap_delta_pk' })
  readonly snapId!: string;

  /** The revision that a device has. */
  @PrimaryColumn({ name: 'source_revision', type: 'integer', primaryKeyConstraintName: 'snap_delta_pk' })
  readonly sourceRevision!: number;

  /** The revision that it becomes. */
  @PrimaryColumn({ name: 'target_revision', type: 'integer', primaryKeyConstraintName: 'snap_delta_pk' })
  readonly targetRevision!: number;

  @ManyToOne(() => SnapRevision, { onDelete: 'CASCADE' })
  @JoinColumn([
    { name: 'snap_id', referencedColumnName: 'snapId', foreignKeyConstraintName: 'snap_delta_source' },
    { name: 'source_revision', referencedColumnName: 'revision', foreignKeyConstraintName: 'snap_delta_source' },
  ])
  readonly source?: SnapRevision;

  @ManyToOne(() => SnapRevision, { onDelete: 'CASCADE' })
  @JoinColumn([
    { name: 'snap_id', referencedColumnName: 'snapId', foreignKeyConstraintName: 'snap_delta_target' },
    { name: 'target_revision', referencedColumnName: 'revision', foreignKeyConstraintName: 'snap_delta_target' },
  ])
  readonly target?: SnapRevision;

  @Column({ type: 'text' })
  readonly state!: DeltaState;

  /** Lowercase hex; names the blob. Null where none was made. */
  @Column({ name: 'sha3_384', type: 'char', length: 96, nullable: true })
  readonly sha3_384!: string | null;

  /** Null where none was made. */
  @Column({ name: 'size_bytes', type: 'bigint', nullable: true })
  readonly sizeBytes!: string | null;

  /** Why none was made; null where one was. */
  @Column({ type: 'text', nullable: true })
  readonly reason!: string | null;

  /** An operator asked for just this one: it stays until it is dropped or a revision goes. */
  @Column({ name: 'is_by_hand', type: 'boolean', default: false })
  readonly isByHand!: boolean;

  @Column({ name: 'decided_at', type: 'timestamptz', default: () => 'now()' })
  readonly decidedAt!: Date;
}
