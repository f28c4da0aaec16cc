import type { Assertion } from '../../../formats/assertion/index.js';
import type { BundleSnapMetadata } from '../../../formats/bundle/index.js';
import type { Architecture, SnapArchitecture } from '../../../kernel/architecture.js';
import type { Channel } from '../../../kernel/channel.js';
import type { Sha3_384 } from '../../../kernel/digest.js';
import type { Epoch } from '../../../kernel/epoch.js';

/** A file that the store offers. */
export interface StoreDownload {
  readonly url: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Sha3_384;
}

/** A revision as the store describes it. Nothing of it is proven before its assertions and its digest are. */
export interface StoreRevision {
  readonly snapId: string;
  readonly name: string;
  /** `app`, `base`, `kernel`, `gadget`, `os` or `snapd`. */
  readonly type: string;
  readonly revision: number;
  readonly version: string;
  readonly base: string | null;
  readonly epoch: Epoch;
  readonly architectures: readonly SnapArchitecture[];
  /** Null where the store does not send it; the snap itself has it. */
  readonly snapYaml: string | null;
  /** RFC 3339 as the store writes it. */
  readonly createdAt: string | null;
  readonly download: StoreDownload;
  readonly components: readonly StoreComponent[];
}

/** A component revision that goes with a revision of its snap. */
export interface StoreComponent {
  readonly name: string;
  readonly revision: number;
  /** Without the `component/` that the store writes before it: `standard`, `kernel-modules`, … */
  readonly type: string;
  readonly version: string | null;
  readonly createdAt: string | null;
  readonly download: StoreDownload;
}

/** Which revision is wanted: by revision where there is one, else by channel, else the default. */
export interface StoreWish {
  readonly name: string;
  /** Where it is known, the answer has to be about it, and a snap that was renamed is found by it. */
  readonly snapId: string | null;
  readonly architecture: Architecture;
  readonly channel: Channel | null;
  readonly revision: number | null;
  readonly cohortKey: string | null;
}

export type StoreAnswer =
  | {
      readonly found: true;
      readonly revision: StoreRevision;
      /** The channel that it comes from; null where it was asked for by revision. */
      readonly channel: Channel | null;
      readonly releasedAt: string | null;
      readonly details: StoreSnapDetails;
    }
  | {
      readonly found: false;
      /** As the store's error: `name-not-found`, `id-not-found`, `revision-not-found`, … */
      readonly code: string;
      readonly message: string;
      /** Where there is something instead. */
      readonly releases: readonly { readonly architecture: string; readonly channel: string }[];
    };

/** What a store says of a snap that no assertion and no snap.yaml proves. Texts are within the limits of bundles. */
export interface StoreSnapDetails extends Omit<BundleSnapMetadata, 'media'> {
  readonly snapId: string;
  readonly name: string;
  readonly media: readonly StoreMedia[];
}

export interface StoreMedia {
  /** `icon`, `screenshot`, `banner`, … */
  readonly type: string;
  readonly url: string;
  readonly width: number | null;
  readonly height: number | null;
}

export interface StoreInfo {
  readonly details: StoreSnapDetails;
  readonly defaultTrack: string | null;
  /** Of every architecture that was asked for. The revisions in it have no snap.yaml. */
  readonly channelMap: readonly StoreRelease[];
}

export interface StoreRelease {
  readonly architecture: Architecture;
  readonly channel: Channel;
  readonly releasedAt: string | null;
  readonly revision: StoreRevision;
}

/** Part of a file that is being received. */
export interface StoreTransfer {
  /** Where in the file the bytes begin: what was asked for, or 0 where the store sends all of it again. */
  readonly from: number;
  /** Of the whole file, as far as the store says. */
  readonly size: number | null;
  /** Ends early with an error where the connection does. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface StoreRequestOptions {
  readonly signal: AbortSignal;
}

/**
 * An online store, asked as a snapd client asks it. Every call asks whether this store may call out at all, is bounded in time
 * and size, and is tried again with growing pauses where that can help (no connection, 429, 5xx), `Retry-After` observed.
 * What cannot be believed (HTML for JSON, an answer for another snap, a redirect to a foreign or insecure place) is an error of
 * its own that names the snap and what was wrong: UpstreamAnswerError, UpstreamInsecureError, UpstreamUnreachableError.
 */
export abstract class OnlineStore {
  /**
   * The snap with its channel map for these architectures. Null where the store knows no such snap.
   * @throws StoreInfoNotOfferedError where the store has no such endpoint at all (snapd's fakestore): `resolve` has to do
   */
  abstract info(
    name: string,
    architectures: readonly Architecture[],
    options: StoreRequestOptions,
  ): Promise<StoreInfo | null>;

  /** An answer for each wish, in order; snap.yaml and components come with them where the store sends them. */
  abstract resolve(wishes: readonly StoreWish[], options: StoreRequestOptions): Promise<StoreAnswer[]>;

  /** Null where the store has none of that key. Decoded, of the type and key that was asked for; not verified. */
  abstract assertion(
    type: string,
    primaryKey: readonly string[],
    options: StoreRequestOptions,
  ): Promise<Assertion | null>;

  /** As `assertion`, for a type with a sequence. @param sequence null for the latest */
  abstract sequenceAssertion(
    type: string,
    sequenceKey: readonly string[],
    sequence: number | null,
    options: StoreRequestOptions,
  ): Promise<Assertion | null>;

  /**
   * Receives a file from the byte `from` on. Not tried again by itself once bytes have come: who receives knows how far it got.
   */
  abstract download(url: string, from: number, options: StoreRequestOptions): Promise<StoreTransfer>;

  abstract close(): Promise<void>;
}
