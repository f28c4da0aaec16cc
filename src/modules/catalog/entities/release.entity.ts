import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

import { Snap } from './snap.entity.js';

/** Who decided: the channel map that a bundle brought, or an operator by hand. */
export type ReleaseOrigin = 'import' | 'hand';

/**
 * One decision about a channel. The newest row of a snap's channel on an architecture is in force; a null revision closes
 * it. Rows are never changed, so that they are the channel's history.
 */
@Entity({ name: 'release' })
@Index('release_newest', ['snapId', 'architecture', 'channel', 'id'])
export class Release {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  readonly id!: string;

  @Column({ name: 'snap_id', type: 'char', length: 32 })
  readonly snapId!: string;

  @ManyToOne(() => Snap, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'snap_id', foreignKeyConstraintName: 'release_snap' })
  readonly snap?: Snap;

  /** A device architecture, or `all` for every one; the newer of the two is in force for a device. */
  @Column({ type: 'text' })
  readonly architecture!: string;

  /** `track/risk[/branch]`, never abbreviated. */
  @Column({ type: 'text' })
  readonly channel!: string;

  @Column({ type: 'integer', nullable: true })
  readonly revision!: number | null;

  @Column({ type: 'text' })
  readonly origin!: ReleaseOrigin;

  /** The import that decided it, in the ledger of imports; null for what was typed. Not read with the rest: devices do not need it. */
  @Column({ name: 'import_id', type: 'uuid', nullable: true, select: false })
  readonly importId?: string | null;

  /** When it was released where it came from; what `snap info` shows. */
  @Column({ name: 'released_at', type: 'timestamptz', default: () => 'now()' })
  readonly releasedAt!: Date;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;
}
