import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

import type { Epoch } from '../../../kernel/epoch.js';
import type { SnapMedia } from '../snap-metadata.js';
import { Snap } from './snap.entity.js';

/**
 * A revision of a snap: what its snap-revision assertion and its own snap.yaml say. Of a row nothing is
 * ever changed but an icon that was not kept when it came.
 */
@Entity({ name: 'snap_revision' })
@Index('snap_revision_blob', ['sha3_384'])
export class SnapRevision {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32 })
  readonly snapId!: string;

  @PrimaryColumn({ type: 'integer' })
  readonly revision!: number;

  @ManyToOne(() => Snap, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'snap_id', foreignKeyConstraintName: 'snap_revision_snap' })
  readonly snap?: Snap;

  /** Lowercase hex; names the blob. */
  @Column({ name: 'sha3_384', type: 'char', length: 96 })
  readonly sha3_384!: string;

  @Column({ name: 'size_bytes', type: 'bigint' })
  readonly sizeBytes!: string;

  @Column({ type: 'text' })
  readonly version!: string;

  /** As snap.yaml spells it today: app, gadget, kernel, base, os or snapd. */
  @Column({ type: 'text' })
  readonly type!: string;

  @Column({ type: 'text', nullable: true })
  readonly base!: string | null;

  @Column({ type: 'text' })
  readonly confinement!: string;

  @Column({ type: 'text' })
  readonly grade!: string;

  /** `all`, or those that the snap declares to run on. */
  @Column({ type: 'text', array: true })
  readonly architectures!: string[];

  @Column({ type: 'jsonb' })
  readonly epoch!: Epoch;

  /** `global-upload` unless snap.yaml says otherwise; decides which snap-revision assertion a device asks for. */
  @Column({ type: 'text', default: 'global-upload' })
  readonly provenance!: string;

  /** meta/snap.yaml, byte for byte. */
  @Column({ name: 'snap_yaml', type: 'text' })
  readonly snapYaml!: string;

  /** The picture in its meta/gui, held as a blob; shown where the store that it comes from has none. */
  @Column({ type: 'jsonb', nullable: true })
  readonly icon!: SnapMedia | null;

  @Column({ name: 'common_ids', type: 'text', array: true, default: [] })
  readonly commonIds!: string[];

  /** The account-id in the snap-revision assertion. */
  @Column({ name: 'developer_id', type: 'text' })
  readonly developerId!: string;

  /** The timestamp of the snap-revision assertion. */
  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;
}
