import type { SnapArchitecture } from '../../kernel/architecture.js';
import type { Channel } from '../../kernel/channel.js';
import type { Sha3_384 } from '../../kernel/digest.js';

/** `type` in bundle.json: what the signature is for, so that a signed bundle cannot pass for another signed file of ours. */
export const MANIFEST_TYPE = 'snap-bundle';

/** The versions of the format that this program reads; it writes the last. */
export const KNOWN_FORMATS = [1] as const;
export type BundleFormat = (typeof KNOWN_FORMATS)[number];

/** Features beyond the format version that this program understands; a bundle names those it needs in `requires`. */
export const KNOWN_FEATURES: readonly string[] = [];

/** What a snap bundle says about itself: the content of bundle.json. Sizes are bytes. Specified in docs/bundle-format.md. */
export interface BundleManifest {
  readonly format: BundleFormat;
  readonly requires: readonly string[];
  /** A UUID in lower case. Stores remember it: the same bundle pushed twice is recognised. */
  readonly id: string;
  /** When it was written: RFC 3339 in UTC, whole seconds. */
  readonly created: string;
  readonly tool: { readonly name: string; readonly version: string };
  readonly snaps: readonly BundleSnap[];
  readonly media: readonly BundleMedia[];
  /** In prerequisite order: every assertion comes after those that it needs, over all files together. */
  readonly assertions: readonly BundleAssertionFile[];
  readonly assumes: BundleAssumptions;
}

export interface BundleSnap {
  readonly snapId: string;
  readonly name: string;
  readonly defaultTrack: string | null;
  /** Why the snap is in the bundle. */
  readonly reasons: readonly BundleReason[];
  readonly channelMap: readonly BundleRelease[];
  readonly metadata: BundleSnapMetadata | null;
  /** Carried revisions; those that are only assumed are in `assumes`. */
  readonly revisions: readonly BundleRevision[];
  /** Carried component revisions. */
  readonly components: readonly BundleComponent[];
}

/** `requested`, or what needed it: `{kind: 'base', of: 'jq'}`. Kinds that a reader does not know are shown as they are. */
export interface BundleReason {
  readonly kind: string;
  readonly of: string | null;
}

/** One entry of the channel map, for devices of one architecture. Its revision is carried or assumed, never absent. */
export interface BundleRelease {
  readonly architecture: SnapArchitecture;
  readonly channel: Channel;
  readonly revision: number;
  /** RFC 3339 as the upstream store wrote it. */
  readonly releasedAt: string | null;
  /** Whether the operator fetched this very channel. An import without a flag releases only these. */
  readonly requested: boolean;
}

export interface BundleRevision {
  readonly revision: number;
  readonly digest: Sha3_384;
  readonly size: number;
  readonly version: string;
  readonly architectures: readonly SnapArchitecture[];
  /** RFC 3339 as the upstream store wrote it. */
  readonly createdAt: string | null;
  /** Which component revisions go with this revision: the snap-resource-pair assertions in short. */
  readonly components: readonly { readonly name: string; readonly revision: number }[];
}

export interface BundleComponent {
  readonly name: string;
  readonly revision: number;
  /** `standard`, `kernel-modules`, … (snapd: snap/component.go). */
  readonly type: string;
  readonly digest: Sha3_384;
  readonly size: number;
  readonly version: string | null;
  readonly createdAt: string | null;
}

/** What the upstream store says about a snap beyond its assertions and its snap.yaml. */
export interface BundleSnapMetadata {
  readonly title: string | null;
  readonly summary: string | null;
  readonly description: string | null;
  readonly license: string | null;
  /** Kind of link (`website`, `contact`, `issues`, …) to URLs. */
  readonly links: Readonly<Record<string, readonly string[]>>;
  readonly categories: readonly { readonly name: string; readonly featured: boolean }[];
  readonly website: string | null;
  readonly contact: string | null;
  readonly storeUrl: string | null;
  readonly private: boolean;
  readonly publisher: BundlePublisher | null;
  readonly media: readonly BundleMediaUse[];
}

export interface BundlePublisher {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  /** `unproven`, `starred` or `verified`, as the account assertion has it. */
  readonly validation: string;
}

/** How a snap uses a picture; the picture itself is in the manifest's `media`, or assumed. */
export interface BundleMediaUse {
  /** `icon`, `screenshot`, `banner`, … */
  readonly type: string;
  readonly digest: Sha3_384;
  /** Pixels. */
  readonly width: number | null;
  readonly height: number | null;
}

/** A carried picture. Several snaps may use it. */
export interface BundleMedia {
  readonly digest: Sha3_384;
  readonly size: number;
  readonly contentType: BundleMediaType;
}

/** Pictures that browsers and snapd show. SVG is served with a policy that keeps scripts in it from running. */
export const MEDIA_TYPES = ['image/gif', 'image/jpeg', 'image/png', 'image/svg+xml', 'image/webp'] as const;
export type BundleMediaType = (typeof MEDIA_TYPES)[number];

export interface BundleAssertionFile {
  /** `assertions/NAME.assert` */
  readonly path: string;
  readonly digest: Sha3_384;
  readonly size: number;
  /** How many assertions the stream holds. */
  readonly count: number;
}

/** What the receiving store must already hold; all of it, or the bundle is refused. Empty in a complete bundle. */
export interface BundleAssumptions {
  readonly revisions: readonly AssumedRevision[];
  readonly components: readonly AssumedComponent[];
  readonly media: readonly Sha3_384[];
}

export interface AssumedRevision {
  readonly snapId: string;
  readonly name: string;
  readonly revision: number;
  readonly digest: Sha3_384;
}

export interface AssumedComponent {
  readonly snapId: string;
  readonly name: string;
  readonly revision: number;
  readonly digest: Sha3_384;
}

export const NOTHING_ASSUMED: BundleAssumptions = { revisions: [], components: [], media: [] };
