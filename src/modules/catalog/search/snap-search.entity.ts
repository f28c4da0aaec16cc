import { Column, Entity, Index, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';

import { Snap } from '../entities/snap.entity.js';
import type { Publisher } from '../resolution/catalog-entry.js';
import type { SnapMetadata } from '../snap-metadata.js';
import type { Offers } from './offers.js';
import type { SnapCommands } from './snap-commands.js';

export interface FoundWords extends SnapMetadata {
  readonly publisher: Publisher;
}

/**
 * What the search knows of a snap: what it is found by, and what is told of it then. Made from everything else that is held of the
 * snap, in the transaction that changes that, so it can be thrown away and made again.
 */
@Entity({ name: 'snap_search' })
@Index('snap_search_heading', ['heading'], { type: 'gin' })
@Index('snap_search_document', ['document'], { type: 'gin' })
@Index('snap_search_keys', ['keys'], { type: 'gin' })
// The migration makes them: with an operator class, and where the extension is that has it.
@Index('snap_search_name', { synchronize: false })
@Index('snap_search_names', { synchronize: false })
export class SnapSearch {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32, primaryKeyConstraintName: 'snap_search_pk' })
  readonly snapId!: string;

  @OneToOne(() => Snap, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'snap_id', foreignKeyConstraintName: 'snap_search_snap' })
  readonly snap?: Snap;

  @Column({ type: 'text' })
  readonly name!: string;

  /** What it is called, as one word each: whoever types one of them means this snap. */
  @Column({ type: 'text', array: true })
  readonly keys!: string[];

  /** Name, title and apps, in which typing errors are forgiven. */
  @Column({ type: 'text' })
  readonly names!: string;

  /** The words of name, title, apps, publisher and summary, by which what is found is put in order. */
  @Column({ type: 'tsvector', select: false })
  readonly heading!: string;

  /** The same with those of the description. */
  @Column({ type: 'tsvector', select: false })
  readonly document!: string;

  /** Those that something is released for; none where the snap is not to be found. */
  @Column({ type: 'text', array: true })
  readonly architectures!: string[];

  /** Of all that is released. */
  @Column({ type: 'text', array: true })
  readonly confinements!: string[];

  /** `featured` among them where it is. */
  @Column({ type: 'text', array: true })
  readonly categories!: string[];

  /** Its place among the featured ones; null where it is none. */
  @Column({ type: 'integer', nullable: true })
  readonly featured!: number | null;

  @Column({ name: 'common_ids', type: 'text', array: true })
  readonly commonIds!: string[];

  @Column({ type: 'jsonb' })
  readonly words!: FoundWords;

  @Column({ type: 'jsonb' })
  readonly offers!: Offers;

  @Column({ type: 'jsonb' })
  readonly commands!: SnapCommands;

  /** Which program made the row; older ones are made anew. */
  @Column({ name: 'made_by', type: 'integer' })
  readonly madeBy!: number;
}
