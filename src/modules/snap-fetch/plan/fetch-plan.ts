import type { Assertion } from '../../../formats/assertion/index.js';
import type { BundleAssumptions, BundleReason, BundleRelease } from '../../../formats/bundle/index.js';
import type { StoreComponent, StoreRevision, StoreSnapDetails } from '../../upstream/index.js';

/** What is to be fetched and how it is to be packed: everything is decided, nothing is downloaded yet. */
export interface FetchPlan {
  readonly bundles: readonly PlannedBundle[];
}

/** One file that crosses the gap. */
export interface PlannedBundle {
  /** What the file's name begins with: the named snap's. */
  readonly name: string;
  /** By snap-id, ascending; none twice. Snaps without changes since what is assumed are left out. */
  readonly snaps: readonly PlannedSnap[];
  /** Beside those that prove the snaps: models, validation sets. Not yet verified; what they need is fetched with them. */
  readonly assertions: readonly Assertion[];
  /** What the other side holds of what was asked for. `media` is all that it holds: the bundle assumes those of them that it uses. */
  readonly assumes: BundleAssumptions;
}

export interface PlannedSnap {
  readonly snapId: string;
  readonly name: string;
  readonly defaultTrack: string | null;
  readonly reasons: readonly BundleReason[];
  /** Its revisions are in `revisions` or assumed. */
  readonly channelMap: readonly BundleRelease[];
  readonly details: StoreSnapDetails;
  readonly revisions: readonly PlannedRevision[];
}

export interface PlannedRevision {
  readonly store: StoreRevision;
  /** Those of `store.components` that come along. */
  readonly components: readonly PlannedComponent[];
}

export interface PlannedComponent {
  readonly store: StoreComponent;
  /** Held on the other side already: a pair with it is carried, its file is not. */
  readonly isAssumed: boolean;
}
