import type { Assertion } from '../../../formats/assertion/index.js';
import {
  assertionStreams,
  type BundleComponent,
  type BundleManifest,
  type BundleSnap,
  type BundleSnapMetadata,
} from '../../../formats/bundle/index.js';
import type { PlannedBundle, PlannedSnap } from '../plan/fetch-plan.js';
import type { Picture, Pictures } from './pictures.js';

/** All of a bundle but snaps and components. */
export interface BundleContents {
  readonly manifest: BundleManifest;
  /** Assertion streams and pictures, by the digests that the manifest gives them. */
  readonly small: ReadonlyMap<string, Buffer>;
  /** What the operator should know that is no error. */
  readonly notes: readonly string[];
}

export interface BundleIdentity {
  /** A UUID. */
  readonly id: string;
  readonly created: Date;
  readonly tool: { readonly name: string; readonly version: string };
}

/** @param chain everything that proves the bundle's snaps, in prerequisite order */
export function composeBundle(
  plan: PlannedBundle,
  chain: readonly Assertion[],
  pictures: Pictures,
  { id, created, tool }: BundleIdentity,
): BundleContents {
  const streams = assertionStreams(chain);
  const assumedMedia = new Map(plan.assumes.media.map((digest) => [digest.hex, digest]));
  const used = new Map<string, Picture>();
  const notes: string[] = [];
  const snaps = plan.snaps.map((snap): BundleSnap => {
    const found = pictures.of(snap);
    for (const picture of found.pictures) used.set(picture.digest.hex, picture);
    notes.push(...found.notes);
    return composeSnap(snap, { ...metadataOf(snap), media: found.uses });
  });
  const carried = [...used.values()].filter(({ digest }) => !assumedMedia.has(digest.hex));
  const manifest: BundleManifest = {
    format: 1,
    requires: [],
    id,
    created: `${created.toISOString().slice(0, 19)}Z`,
    tool,
    snaps,
    media: carried.map(({ digest, size, contentType }) => ({ digest, size, contentType })),
    assertions: streams.map(({ path, digest, size, count }) => ({ path, digest, size, count })),
    assumes: {
      ...plan.assumes,
      // A bundle counts on no more than it uses.
      media: [...used.values()].map(({ digest }) => digest).filter(({ hex }) => assumedMedia.has(hex)),
    },
  };
  const small = new Map([...streams, ...carried].map(({ digest, bytes }) => [digest.hex, bytes]));
  return { manifest, small, notes };
}

function composeSnap(snap: PlannedSnap, metadata: BundleSnapMetadata): BundleSnap {
  return {
    snapId: snap.snapId,
    name: snap.name,
    defaultTrack: snap.defaultTrack,
    reasons: snap.reasons,
    channelMap: snap.channelMap,
    metadata,
    revisions: snap.revisions.map(({ store, components }) => ({
      revision: store.revision,
      digest: store.download.digest,
      size: store.download.size,
      version: store.version,
      architectures: store.architectures,
      createdAt: store.createdAt,
      components: components.map(({ store: { name, revision } }) => ({ name, revision })),
    })),
    components: componentsOf(snap),
  };
}

/** Several revisions of a snap may go with one revision of a component. */
function componentsOf(snap: PlannedSnap): BundleComponent[] {
  const carried = snap.revisions.flatMap(({ components }) => components.filter(({ isAssumed }) => !isAssumed));
  const byKey = carried.map(({ store }): [string, BundleComponent] => [
    `${store.name} ${store.revision}`,
    {
      name: store.name,
      revision: store.revision,
      type: store.type,
      digest: store.download.digest,
      size: store.download.size,
      version: store.version,
      createdAt: store.createdAt,
    },
  ]);
  return [...new Map(byKey).values()];
}

function metadataOf({ details }: PlannedSnap): Omit<BundleSnapMetadata, 'media'> {
  const { title, summary, description, license, links, categories } = details;
  const { website, contact, storeUrl, private: isPrivate, publisher } = details;
  const texts = { title, summary, description, license, website, contact, storeUrl };
  return { ...texts, links, categories, private: isPrivate, publisher };
}
