import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { SnapMetadata } from '../snap-metadata.js';

/** A snap that the store holds at least one revision of. Names are unique: a snap-declaration gives each name to one snap-id. */
@Entity({ name: 'snap' })
@Index('snap_name', ['name'], { unique: true })
export class Snap {
  @PrimaryColumn({ name: 'snap_id', type: 'char', length: 32 })
  readonly snapId!: string;

  @Column({ type: 'text' })
  readonly name!: string;

  /** The account-id in the snap-declaration. */
  @Column({ name: 'publisher_id', type: 'text' })
  readonly publisherId!: string;

  /** The track that an install without a track goes to, as a bundle said last; null means `latest`. */
  @Column({ name: 'default_track', type: 'text', nullable: true })
  readonly defaultTrack!: string | null;

  /** What an operator said instead, whatever bundles say; null where nobody did. */
  @Column({ name: 'chosen_track', type: 'text', nullable: true })
  readonly chosenTrack!: string | null;

  /** Cohort keys that were made until then do not count any more; null where none was called in. */
  @Column({ name: 'cohorts_since', type: 'timestamptz', nullable: true })
  readonly cohortsSince!: Date | null;

  /** What the online store said of the snap, where a bundle brought it; the newest revision's snap.yaml fills the rest. */
  @Column({ type: 'jsonb', default: {} })
  readonly metadata!: SnapMetadata;

  /** Whether a component of it was ever brought in; only then is it worth looking for them. */
  @Column({ name: 'has_components', type: 'boolean', default: false })
  readonly hasComponents!: boolean;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  readonly updatedAt!: Date;
}
