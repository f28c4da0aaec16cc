import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

import { Snap } from './snap.entity.js';

/** A revision of a component: what its snap-resource-revision assertion and its own component.yaml say. Rows are never changed. */
@Entity({ name: 'component_revision' })
@Index('component_revision_blob', ['sha3_384'])
export class ComponentRevision {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32, primaryKeyConstraintName: 'component_revision_pk' })
  readonly snapId!: string;

  /** Of the component; the snap's is not in it. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'component_revision_pk' })
  readonly name!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'component_revision_pk' })
  readonly revision!: number;

  @ManyToOne(() => Snap, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'snap_id', foreignKeyConstraintName: 'component_revision_snap' })
  readonly snap?: Snap;

  /** Lowercase hex; names the blob. */
  @Column({ name: 'sha3_384', type: 'char', length: 96 })
  readonly sha3_384!: string;

  @Column({ name: 'size_bytes', type: 'bigint' })
  readonly sizeBytes!: string;

  /** `standard`, `kernel-modules`, … (snapd: snap/component.go). */
  @Column({ type: 'text' })
  readonly type!: string;

  /** Null where the component has the version of the snap that it goes with. */
  @Column({ type: 'text', nullable: true })
  readonly version!: string | null;

  @Column({ type: 'text' })
  readonly description!: string;

  /** Goes only with revisions of the snap that have the same. */
  @Column({ type: 'text' })
  readonly provenance!: string;

  /** The account-id in the snap-resource-revision assertion. */
  @Column({ name: 'developer_id', type: 'text' })
  readonly developerId!: string;

  /** The timestamp of the snap-resource-revision assertion. */
  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;
}
