import { canonicalJson, type Json } from './json.js';
import {
  MANIFEST_TYPE,
  type BundleComponent,
  type BundleManifest,
  type BundleRevision,
  type BundleSnap,
  type BundleSnapMetadata,
} from './manifest.js';
import { parseManifest } from './manifest-parse.js';

/**
 * The bytes of bundle.json: canonical JSON, UTF-8, lists whose order means nothing in their natural order, so that the same
 * content is always the same bytes. What is written is read back first: nothing leaves that a reader would refuse.
 * @throws BundleManifestInvalidError naming the field
 */
export function encodeManifest(manifest: BundleManifest): Buffer {
  const bytes = Buffer.from(canonicalJson(toJson(manifest)), 'utf8');
  parseManifest(bytes, 'the bundle to be written');
  return bytes;
}

function toJson(manifest: BundleManifest): Json {
  const { assumes } = manifest;
  return {
    type: MANIFEST_TYPE,
    format: manifest.format,
    requires: [...manifest.requires].sort(),
    id: manifest.id,
    created: manifest.created,
    tool: { name: manifest.tool.name, version: manifest.tool.version },
    snaps: [...manifest.snaps].sort(by(({ snapId }) => snapId)).map(snapToJson),
    media: [...manifest.media].sort(by(({ digest }) => digest.hex)).map((one) => {
      return { 'sha3-384': one.digest.hex, size: one.size, 'content-type': one.contentType };
    }),
    assertions: manifest.assertions.map((one) => {
      return { path: one.path, 'sha3-384': one.digest.hex, size: one.size, count: one.count };
    }),
    assumes: {
      revisions: assumes.revisions
        .map(assumedToJson)
        .sort(by(({ key }) => key))
        .map(({ json }) => json),
      components: assumes.components
        .map(assumedToJson)
        .sort(by(({ key }) => key))
        .map(({ json }) => json),
      media: assumes.media.map(({ hex }) => hex).sort(),
    },
  };
}

function assumedToJson(one: BundleManifest['assumes']['revisions'][number]): { key: string; json: Json } {
  return {
    key: `${one.snapId} ${one.name} ${ranked(one.revision)}`,
    json: { 'snap-id': one.snapId, name: one.name, revision: one.revision, 'sha3-384': one.digest.hex },
  };
}

function snapToJson(snap: BundleSnap): Json {
  const releases = snap.channelMap.map((one) => ({ ...one, channel: one.channel.toString() }));
  return {
    'snap-id': snap.snapId,
    name: snap.name,
    'default-track': snap.defaultTrack,
    reasons: [...snap.reasons].sort(by(({ kind, of }) => `${kind} ${of ?? ''}`)).map(({ kind, of }) => ({ kind, of })),
    'channel-map': releases.sort(by(({ architecture, channel }) => `${architecture} ${channel}`)).map((one) => ({
      architecture: one.architecture,
      channel: one.channel,
      revision: one.revision,
      'released-at': one.releasedAt,
      requested: one.requested,
    })),
    metadata: snap.metadata === null ? null : metadataToJson(snap.metadata),
    revisions: [...snap.revisions].sort(by(({ revision }) => ranked(revision))).map(revisionToJson),
    components: [...snap.components]
      .sort(by(({ name, revision }) => `${name} ${ranked(revision)}`))
      .map(componentToJson),
  };
}

function revisionToJson(one: BundleRevision): Json {
  return {
    revision: one.revision,
    'sha3-384': one.digest.hex,
    size: one.size,
    version: one.version,
    architectures: [...one.architectures].sort(),
    'created-at': one.createdAt,
    components: [...one.components].sort(by(({ name }) => name)).map(({ name, revision }) => ({ name, revision })),
  };
}

function componentToJson(one: BundleComponent): Json {
  return {
    name: one.name,
    revision: one.revision,
    type: one.type,
    'sha3-384': one.digest.hex,
    size: one.size,
    version: one.version,
    'created-at': one.createdAt,
  };
}

/** Categories, links and pictures keep the order that the upstream store gave them: it shows. */
function metadataToJson(metadata: BundleSnapMetadata): Json {
  const { publisher } = metadata;
  return {
    title: metadata.title,
    summary: metadata.summary,
    description: metadata.description,
    license: metadata.license,
    links: metadata.links,
    categories: metadata.categories.map(({ name, featured }) => ({ name, featured })),
    website: metadata.website,
    contact: metadata.contact,
    'store-url': metadata.storeUrl,
    private: metadata.private,
    publisher:
      publisher === null
        ? null
        : {
            id: publisher.id,
            username: publisher.username,
            'display-name': publisher.displayName,
            validation: publisher.validation,
          },
    media: metadata.media.map(({ type, digest, width, height }) => ({ type, 'sha3-384': digest.hex, width, height })),
  };
}

function by<T>(key: (item: T) => string): (one: T, other: T) => number {
  return (one, other) => {
    const [first, second] = [key(one), key(other)];
    return first < second ? -1 : first > second ? 1 : 0;
  };
}

/** A number that sorts as text. */
function ranked(value: number): string {
  return String(value).padStart(12, '0');
}
