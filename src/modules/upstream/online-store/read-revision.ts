import { BUNDLE_LIMITS, METADATA_WORD, MOMENT } from '../../../formats/bundle/index.js';
import { MAX_YAML_BYTES, SNAP_TYPES } from '../../../formats/snap-yaml/index.js';
import { isArchitecture, type SnapArchitecture } from '../../../kernel/architecture.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import { parseEpoch } from '../../../kernel/epoch.js';
import { isSnapName, parseSnapId, parseSnapName } from '../../../kernel/snap-names.js';
import type { AnswerFields } from './answer-fields.js';
import type { StoreComponent, StoreDownload, StoreRevision } from './online-store.js';

export const MAX_REVISION = 0x7fff_ffff;
const MAX_ARCHITECTURES = 32;
const MAX_COMPONENTS = 1000;

/** Which URLs a file may come from. */
export type FileUrlRule = (url: URL) => boolean;

/**
 * Reads what `snap` in a refresh result, or an entry of a channel map, says of a revision.
 * @param identity the snap's, where the object itself does not have it
 * @throws UpstreamAnswerError
 */
export function readRevision(
  fields: AnswerFields,
  identity: { readonly snapId: string; readonly name: string },
  mayComeFrom: FileUrlRule,
): StoreRevision {
  const components = fields.objects('resources', MAX_COMPONENTS).map((one) => readComponent(one, mayComeFrom));
  const twice = components.find(({ name }, index) => components.findIndex((one) => one.name === name) !== index);
  if (twice !== undefined) fields.refuse('resources', `names ${twice.name} twice`);
  return {
    ...identity,
    type: readType(fields),
    revision: fields.whole('revision', 1, MAX_REVISION),
    version: fields.text('version', 200),
    base: fields.has('base') && fields.raw('base') !== '' ? readBase(fields) : null,
    epoch: fields.attempt('epoch', () => parseEpoch(fields.raw('epoch'))),
    architectures: readArchitectures(fields),
    snapYaml: fields.optionalText('snap-yaml', MAX_YAML_BYTES),
    createdAt: readMoment(fields, 'created-at'),
    download: readDownload(fields.object('download'), BUNDLE_LIMITS.snapBytes, mayComeFrom),
    components,
  };
}

export function readSnapId(fields: AnswerFields): string {
  return fields.parsed('snap-id', parseSnapId);
}

export function readSnapName(fields: AnswerFields): string {
  return fields.parsed('name', parseSnapName);
}

/** Null where it is no moment: nothing depends on it. */
export function readMoment(fields: AnswerFields, key: string): string | null {
  const value = fields.raw(key);
  return typeof value === 'string' && MOMENT.test(value) && !Number.isNaN(Date.parse(value)) ? value : null;
}

function readType(fields: AnswerFields): string {
  const type = fields.text('type');
  // The word of old stores.
  if (type === 'application') return 'app';
  return (SNAP_TYPES as readonly string[]).includes(type) ? type : fields.refuse('type', 'is not a type of snap');
}

/** `none` is a snap that needs nothing. */
function readBase(fields: AnswerFields): string {
  const base = fields.text('base');
  return isSnapName(base) ? base : fields.refuse('base', 'is not a snap name');
}

/** Those that this program does not know are left out: no device of ours has them. */
function readArchitectures(fields: AnswerFields): SnapArchitecture[] {
  const known = fields
    .list('architectures', MAX_ARCHITECTURES)
    .filter((one): one is SnapArchitecture => typeof one === 'string' && (one === 'all' || isArchitecture(one)));
  return known.length > 0 ? [...new Set(known)] : fields.refuse('architectures', 'names none that is known');
}

function readComponent(fields: AnswerFields, mayComeFrom: FileUrlRule): StoreComponent {
  const type = fields.text('type').replace(/^component\//, '');
  return {
    name: readSnapName(fields),
    revision: fields.whole('revision', 1, MAX_REVISION),
    type: METADATA_WORD.test(type) ? type : fields.refuse('type', 'is not a type of component'),
    version: fields.optionalText('version', 200),
    createdAt: readMoment(fields, 'created-at'),
    download: readDownload(fields.object('download'), BUNDLE_LIMITS.componentBytes, mayComeFrom),
  };
}

function readDownload(fields: AnswerFields, maxBytes: number, mayComeFrom: FileUrlRule): StoreDownload {
  const url = fields.text('url', 8000);
  if (!URL.canParse(url)) fields.refuse('url', 'is not a URL');
  if (!mayComeFrom(new URL(url))) fields.refuse('url', 'is not an https URL');
  return {
    url,
    size: fields.whole('size', 1, maxBytes),
    digest: fields.parsed('sha3-384', Sha3_384.fromHex.bind(Sha3_384)),
  };
}
