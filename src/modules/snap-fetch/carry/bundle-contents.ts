import { createHash } from 'node:crypto';

import { type Assertion, encodeAssertionStream } from '../../../formats/assertion/index.js';
import type {
  BundleAssertionFile,
  BundleComponent,
  BundleManifest,
  BundleSnap,
  BundleSnapMetadata,
} from '../../../formats/bundle/index.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import type { PlannedBundle, PlannedSnap } from '../plan/fetch-plan.js';
import type { Picture, Pictures } from './pictures.js';

/** An assertion file is written before it is this large; a reader takes twice as much. */
const STREAM_BYTES = 4 * 1024 * 1024;

/** A stream of assertions that travels in a bundle. */
interface CarriedStream extends BundleAssertionFile {
  readonly bytes: Buffer;
}

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

/** `assertions/0001.assert` and so on. */
function assertionStreams(chain: readonly Assertion[]): CarriedStream[] {
  const groups: Assertion[][] = [];
  let room = 0;
  for (const assertion of chain) {
    const size = assertion.encoded.length + 2;
    if (groups.length === 0 || size > room) {
      groups.push([]);
      room = STREAM_BYTES;
    }
    groups.at(-1)?.push(assertion);
    room -= size;
  }
  return groups.map((group, index) => {
    const bytes = encodeAssertionStream(group);
    const digest = Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest());
    const path = `assertions/${String(index + 1).padStart(4, '0')}.assert`;
    return { path, digest, size: bytes.length, count: group.length, bytes };
  });
}
