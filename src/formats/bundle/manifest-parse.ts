import { ARCHITECTURES, isArchitecture, type SnapArchitecture } from '../../kernel/architecture.js';
import { Channel } from '../../kernel/channel.js';
import { Sha3_384 } from '../../kernel/digest.js';
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

/** The largest revision: assertions and snapd hold it in 32 bits. */
const MAX_REVISION = 0x7fff_ffff;

/** RFC 3339, as the online store writes moments (with fractions and an offset). */
export const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads the bytes of bundle.json. Fields that this version does not know are ignored, but a format or a required feature
 * that it does not know is refused (docs/bundle-format.md, "Versions"). `file` is named in every complaint.
 * @throws BundleManifestInvalidError, BundleVersionUnsupportedError, BundleTooLargeError
 */
export function parseManifest(bytes: Uint8Array, file: string, limits: BundleLimits = BUNDLE_LIMITS): BundleManifest {
  const top = Fields.of(parseJson(bytes, file, limits), file);
  if (top.text('type', 100) !== MANIFEST_TYPE) top.refuse('type', `must be "${MANIFEST_TYPE}"`);
  const manifest: BundleManifest = {
    format: knownFormat(top, file),
    requires: knownFeatures(top, file),
    id: top.matching('id', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'a UUID in lower case'),
    created: moment(top, 'created', /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'RFC 3339 in UTC with whole seconds'),
    tool: parseTool(top.object('tool')),
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

function parseTool(fields: Fields): BundleManifest['tool'] {
  return { name: fields.text('name', 100), version: fields.text('version', 100) };
}

function parseSnap(fields: Fields, limits: BundleLimits): BundleSnap {
  return {
    snapId: fields.parsed('snap-id', parseSnapId),
    name: fields.parsed('name', parseSnapName),
    defaultTrack: fields.has('default-track') ? fields.parsed('default-track', parseTrack) : null,
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
    architecture: fields.parsed('architecture', parseSnapArchitecture),
    channel: fields.parsed('channel', parseFullChannel),
    revision: fields.whole('revision', 1, MAX_REVISION),
    releasedAt: optionalMoment(fields, 'released-at'),
    requested: fields.flag('requested'),
  };
}

function parseRevision(fields: Fields, limits: BundleLimits): BundleRevision {
  const architectures = fields.texts('architectures', ARCHITECTURES.length, 20);
  fields.unique('architectures', architectures);
  if (architectures.length === 0) fields.refuse('architectures', 'must name at least one');
  const components = fields.objects('components', limits.componentsPerSnap, (pair) => ({
    name: pair.parsed('name', parseSnapName),
    revision: pair.whole('revision', 1, MAX_REVISION),
  }));
  fields.unique(
    'components',
    components.map(({ name }) => name),
  );
  return {
    revision: fields.whole('revision', 1, MAX_REVISION),
    digest: fields.parsed('sha3-384', Sha3_384.fromHex.bind(Sha3_384)),
    size: fields.whole('size', 1, limits.snapBytes),
    version: fields.text('version', 100),
    architectures: architectures.map((name, index) => {
      if (name === 'all' || isArchitecture(name)) return name;
      return fields.refuse(`architectures[${index}]`, 'must be an architecture or "all"');
    }),
    createdAt: optionalMoment(fields, 'created-at'),
    components,
  };
}

function parseComponent(fields: Fields, limits: BundleLimits): BundleComponent {
  return {
    name: fields.parsed('name', parseSnapName),
    revision: fields.whole('revision', 1, MAX_REVISION),
    type: fields.matching('type', /^[a-z][a-z0-9-]{0,39}$/, 'a component type such as "standard"'),
    digest: fields.parsed('sha3-384', Sha3_384.fromHex.bind(Sha3_384)),
    size: fields.whole('size', 1, limits.componentBytes),
    version: fields.optionalText('version', 100),
    createdAt: optionalMoment(fields, 'created-at'),
  };
}

function parseMedia(fields: Fields, limits: BundleLimits): BundleMedia {
  return {
    digest: fields.parsed('sha3-384', Sha3_384.fromHex.bind(Sha3_384)),
    size: fields.whole('size', 1, limits.mediaBytes),
    contentType: fields.parsed('content-type', parseMediaType),
  };
}

function parseAssertionFile(fields: Fields, limits: BundleLimits): BundleAssertionFile {
  const rule = '"assertions/NAME.assert", NAME of at most 80 letters, digits, "-", "_" and "."';
  return {
    path: fields.matching('path', /^assertions\/[A-Za-z0-9][A-Za-z0-9._-]{0,79}\.assert$/, rule),
    digest: fields.parsed('sha3-384', Sha3_384.fromHex.bind(Sha3_384)),
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
    revision: fields.whole('revision', 1, MAX_REVISION),
    digest: fields.parsed('sha3-384', Sha3_384.fromHex.bind(Sha3_384)),
  });
  return {
    revisions: assumes.objects('revisions', limits.revisionsPerSnap * 10, item),
    components: assumes.objects('components', limits.componentsPerSnap * 10, item),
    media: assumes
      .texts('media', limits.mediaFiles, 100)
      .map((hex, index) => mediaDigest(assumes, hex, `media[${index}]`)),
  };
}

function mediaDigest(fields: Fields, hex: string, key: string): Sha3_384 {
  try {
    return Sha3_384.fromHex(hex);
  } catch (error) {
    return fields.refuse(key, `does not fit: ${messageOf(error)}`);
  }
}

function parseSnapArchitecture(text: string): SnapArchitecture {
  if (text === 'all' || isArchitecture(text)) return text;
  throw new TypeError(`"${text.slice(0, 40)}" is neither an architecture nor "all"`);
}

function parseFullChannel(text: string): Channel {
  const channel = Channel.parse(text);
  if (channel.toString() === text) return channel;
  throw new TypeError(`"${text}" must be written in full, as "${channel.toString()}"`);
}

/** A track stands alone here, so one that is also the name of a risk would be read as a risk by snapd. */
function parseTrack(text: string): string {
  if (Channel.parse(`${text}/stable`).track === text) return text;
  throw new TypeError(`"${text}" cannot be a track`);
}

function parseMediaType(text: string): BundleMediaType {
  const known = MEDIA_TYPES.find((type) => type === text);
  if (known !== undefined) return known;
  throw new TypeError(`"${text.slice(0, 60)}" is none of ${MEDIA_TYPES.join(', ')}`);
}

function optionalMoment(fields: Fields, key: string): string | null {
  return fields.has(key) ? moment(fields, key, MOMENT, 'a moment in RFC 3339') : null;
}

function moment(fields: Fields, key: string, pattern: RegExp, rule: string): string {
  const text = fields.matching(key, pattern, rule);
  return Number.isNaN(Date.parse(text)) ? fields.refuse(key, 'is not a moment that exists') : text;
}
