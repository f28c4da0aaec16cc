import type { Epoch } from '../../../kernel/epoch.js';
import type { ReleaseRow } from '../releases-in-force.js';
import type { DeltaShelf } from '../deltas/delta-shelf.js';
import type { SnapMedia, SnapMetadata } from '../snap-metadata.js';
import type { Answer } from '../../../platform/http/answer.js';
import type { ComponentShelf } from './component-shelf.js';
import type { ReadyAnswers } from '../snapshot/ready-answers.js';

/** What resolving a channel needs to know of a revision. */
export interface HeldRevision {
  readonly revision: number;
  /** `all`, or those that the snap declares to run on. */
  readonly architectures: readonly string[];
  readonly epoch: Epoch;
}

/** A channel that has held a revision at some time. */
export interface PastRelease {
  readonly architecture: string;
  readonly channel: string;
  readonly revision: number;
}

/** Of rows of releases those that opened a channel. */
export function pastReleases(
  rows: readonly Pick<ReleaseRow, 'architecture' | 'channel' | 'revision'>[],
): PastRelease[] {
  return rows.flatMap(({ architecture, channel, revision }) =>
    revision === null ? [] : [{ architecture, channel, revision }],
  );
}

/** What resolving needs to know of a snap. Never changes: a change makes a new one. */
export interface ChannelSource {
  /** Null means `latest`. */
  readonly defaultTrack: string | null;
  readonly revisions: ReadonlyMap<number, HeldRevision>;
  /** At most one row for each architecture and channel. */
  readonly releases: readonly ReleaseRow[];
  /** Where revisions have been, for devices whose data is too old for what is released now. */
  readonly past: readonly PastRelease[];
}

/** A revision as far as the channel map shows it. */
export interface ListedRevision extends HeldRevision {
  /** `<snap-id>_<revision>`: what its file is called, and what is remembered of it. */
  readonly file: string;
  /** Lowercase hex. */
  readonly sha3_384: string;
  readonly sizeBytes: number;
  readonly version: string;
  readonly type: string;
  readonly base: string | null;
  readonly confinement: string;
  readonly commonIds: readonly string[];
  /** The one in the snap itself. */
  readonly icon: SnapMedia | null;
  readonly createdAt: Date;
}

/** In the words of the store API; read from the account assertion. */
export interface Publisher {
  readonly id: string;
  readonly username: string;
  readonly 'display-name': string;
  readonly validation: string;
}

/** The whole result of a plain refresh, as it is sent. */
export interface ReadyRefresh {
  /** The one that it offers. */
  readonly revision: number;
  readonly bytes: Buffer;
}

/** A snap as devices see it. Never changes: a change makes a new one, which is how what was made from it is told stale. */
export interface CatalogEntry extends ChannelSource {
  readonly snapId: string;
  readonly name: string;
  readonly publisher: Publisher;
  /** Cohort keys that were made until then do not count any more; null where none was called in. */
  readonly cohortsSince: Date | null;
  /** What the online store said of it, where a bundle brought that. */
  readonly metadata: SnapMetadata;
  /** The same, filled up from the newest revision's snap.yaml. */
  readonly description: SnapMetadata;
  readonly revisions: ReadonlyMap<number, ListedRevision>;
  /** Null where it has none, as nearly every snap. */
  readonly components: ComponentShelf | null;
  /** Null where it has none, as nearly every snap. */
  readonly deltas: DeltaShelf | null;
  readonly refreshes: ReadyAnswers<ReadyRefresh>;
  /** The same for devices that ask for components, of a snap that has some. */
  readonly refreshesWithComponents: ReadyAnswers<ReadyRefresh>;
  readonly infos: ReadyAnswers<Answer>;
}
