import { parseSnapId, parseSnapName } from '../../kernel/snap-names.js';
import { messageOf } from '../../kernel/store-error.js';
import { BundleManifestInvalidError, BundleTooLargeError, BundleVersionUnsupportedError } from './errors.js';
import { Fields } from './fields.js';
import { outlineProblem } from './json.js';
import { BUNDLE_LIMITS, type BundleLimits } from './limits.js';
import {
  KNOWN_FEATURES,
  KNOWN_FORMATS,
  MANIFEST_TYPE,
  MEDIA_TYPES,
  type AssumedComponent,
  type AssumedRevision,
  type BundleAssertionFile,
  type BundleComponent,
  type BundleFormat,
  type BundleManifest,
  type BundleMedia,
  type BundleMediaType,
  type BundleRelease,
  type BundleRevision,
  type BundleSnap,
} from './manifest.js';
import { parseMetadata } from './manifest-metadata.js';
import { checkReferences } from './manifest-references.js';
import { MANIFEST_PATH } from './members.js';
import {
  optionalMoment,
  readArchitecture,
  readArchitectures,
  readChannel,
  readCreated,
  readDefaultTrack,
  readDigest,
  readDigests,
  readPairs,
  readRevision,
  readTool,
} from './vocabulary.js';

/**
 * Reads the bytes of bundle.json. Fields that this version does not know are ignored, but a format or a required feature
 * that it does not know is refused (docs/bundle-format.md, "Versions"). `file` is named in every complaint.
 * @throws BundleManifestInvalidError, BundleVersionUnsupportedError, BundleTooLargeError
 */
export function parseManifest(bytes: Uint8Array, file: string, limits: BundleLimits = BUNDLE_LIMITS): BundleManifest {
  const place = { file, member: MANIFEST_PATH };
  const top = Fields.of(parseJson(bytes, file, limits), (reason) => new BundleManifestInvalidError(place, reason));
  if (top.text('type', 100) !== MANIFEST_TYPE) top.refuse('type', `must be "${MANIFEST_TYPE}"`);
  const manifest: BundleManifest = {
    format: knownFormat(top, file),
    requires: knownFeatures(top, file),
    id: top.matching('id', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'a UUID in lower case'),
    created: readCreated(top),
    tool: readTool(top.object('tool')),
    snaps: top.objects('snaps', limits.snaps, (fields) => parseSnap(fields, limits)),
    media: top.objects('media', limits.mediaFiles, (fields) => parseMedia(fields, limits)),
    assertions: top.objects('assertions', limits.assertionFiles, (fields) => parseAssertionFile(fields, limits)),
    assumes: parseAssumptions(top, limits),
  };
  checkReferences(manifest, top);
  return manifest;
}

function parseJson(bytes: Uint8Array, file: string, limits: BundleLimits): unknown {
  const place = { file, member: MANIFEST_PATH };
  if (bytes.length > limits.manifestBytes) {
    throw new BundleTooLargeError(place, `is larger than ${limits.manifestBytes} bytes`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new BundleManifestInvalidError(place, 'is not UTF-8', { cause });
  }
  const problem = outlineProblem(text, { depth: limits.manifestDepth, values: limits.manifestValues });
  if (problem !== null) throw new BundleManifestInvalidError(place, problem);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BundleManifestInvalidError(place, `is not JSON: ${messageOf(cause).slice(0, 120)}`, { cause });
  }
}

function knownFormat(top: Fields, file: string): BundleFormat {
  const format = top.whole('format', 0, Number.MAX_SAFE_INTEGER);
  const known = KNOWN_FORMATS.find((candidate) => candidate === format);
  if (known !== undefined) return known;
  throw new BundleVersionUnsupportedError(
    { file, member: MANIFEST_PATH },
    `has format ${format}; this program reads ${KNOWN_FORMATS.join(', ')}`,
    { details: { format, known: KNOWN_FORMATS } },
  );
}

function knownFeatures(top: Fields, file: string): string[] {
  const features = top.texts('requires', 100, 100);
  const unknown = features.filter((feature) => !KNOWN_FEATURES.includes(feature));
  if (unknown.length === 0) return features;
  throw new BundleVersionUnsupportedError(
    { file, member: MANIFEST_PATH },
    `needs "${unknown.join('", "').slice(0, 200)}", which this program does not know`,
    { details: { unknown } },
  );
}

function parseSnap(fields: Fields, limits: BundleLimits): BundleSnap {
  return {
    snapId: fields.parsed('snap-id', parseSnapId),
    name: fields.parsed('name', parseSnapName),
    defaultTrack: readDefaultTrack(fields),
    reasons: fields.objects('reasons', 1000, (reason) => ({
      kind: reason.matching('kind', /^[a-z][a-z0-9-]{0,39}$/, 'a word such as "requested" or "base"'),
      of: reason.optionalText('of', 200),
    })),
    channelMap: fields.objects('channel-map', limits.channelMapEntriesPerSnap, parseRelease),
    metadata: fields.has('metadata') ? parseMetadata(fields.object('metadata')) : null,
    revisions: fields.objects('revisions', limits.revisionsPerSnap, (revision) => parseRevision(revision, limits)),
    components: fields.objects('components', limits.componentsPerSnap, (one) => parseComponent(one, limits)),
  };
}

function parseRelease(fields: Fields): BundleRelease {
  return {
    architecture: readArchitecture(fields),
    channel: readChannel(fields),
    revision: readRevision(fields),
    releasedAt: optionalMoment(fields, 'released-at'),
    requested: fields.flag('requested'),
  };
}

function parseRevision(fields: Fields, limits: BundleLimits): BundleRevision {
  return {
    revision: readRevision(fields),
    digest: readDigest(fields),
    size: fields.whole('size', 1, limits.snapBytes),
    version: fields.text('version', 100),
    architectures: readArchitectures(fields),
    createdAt: optionalMoment(fields, 'created-at'),
    components: readPairs(fields, limits.componentsPerSnap),
  };
}

function parseComponent(fields: Fields, limits: BundleLimits): BundleComponent {
  return {
    name: fields.parsed('name', parseSnapName),
    revision: readRevision(fields),
    type: fields.matching('type', /^[a-z][a-z0-9-]{0,39}$/, 'a component type such as "standard"'),
    digest: readDigest(fields),
    size: fields.whole('size', 1, limits.componentBytes),
    version: fields.optionalText('version', 100),
    createdAt: optionalMoment(fields, 'created-at'),
  };
}

function parseMedia(fields: Fields, limits: BundleLimits): BundleMedia {
  return {
    digest: readDigest(fields),
    size: fields.whole('size', 1, limits.mediaBytes),
    contentType: fields.parsed('content-type', parseMediaType),
  };
}

function parseAssertionFile(fields: Fields, limits: BundleLimits): BundleAssertionFile {
  const rule = '"assertions/NAME.assert", NAME of at most 80 letters, digits, "-", "_" and "."';
  return {
    path: fields.matching('path', /^assertions\/[A-Za-z0-9][A-Za-z0-9._-]{0,79}\.assert$/, rule),
    digest: readDigest(fields),
    size: fields.whole('size', 1, limits.assertionFileBytes),
    count: fields.whole('count', 1, limits.assertionFileBytes),
  };
}

function parseAssumptions(top: Fields, limits: BundleLimits): BundleManifest['assumes'] {
  if (!top.has('assumes')) return { revisions: [], components: [], media: [] };
  const assumes = top.object('assumes');
  const item = (fields: Fields): AssumedRevision & AssumedComponent => ({
    snapId: fields.parsed('snap-id', parseSnapId),
    name: fields.parsed('name', parseSnapName),
    revision: readRevision(fields),
    digest: readDigest(fields),
  });
  return {
    revisions: assumes.objects('revisions', limits.revisionsPerSnap * 10, item),
    components: assumes.objects('components', limits.componentsPerSnap * 10, item),
    media: readDigests(assumes, 'media', limits.mediaFiles),
  };
}

function parseMediaType(text: string): BundleMediaType {
  const known = MEDIA_TYPES.find((type) => type === text);
  if (known !== undefined) return known;
  throw new TypeError(`"${text.slice(0, 60)}" is none of ${MEDIA_TYPES.join(', ')}`);
}
