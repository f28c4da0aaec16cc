import {
  BUNDLE_LIMITS,
  type Fields,
  METADATA_WORD,
  MOMENT,
  readDigest,
  readRevision as readNumber,
} from '../../../formats/bundle/index.js';
import { MAX_YAML_BYTES, SNAP_TYPES } from '../../../formats/snap-yaml/index.js';
import { isArchitecture, type SnapArchitecture } from '../../../kernel/architecture.js';
import { type Epoch, parseEpoch } from '../../../kernel/epoch.js';
import { parseSnapId, parseSnapName } from '../../../kernel/snap-names.js';
import { messageOf } from '../../../kernel/store-error.js';
import { textOrNull } from './answer-fields.js';
import type { StoreComponent, StoreDownload, StoreRevision } from './online-store.js';

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
  fields: Fields,
  identity: { readonly snapId: string; readonly name: string },
  mayComeFrom: FileUrlRule,
): StoreRevision {
  const components = fields.objects('resources', MAX_COMPONENTS, (one) => readComponent(one, mayComeFrom));
  fields.unique(
    'resources',
    components.map(({ name }) => name),
  );
  return {
    ...identity,
    type: readType(fields),
    revision: readNumber(fields),
    version: fields.text('version', 200),
    base: textOrNull(fields, 'base', 100) === null ? null : fields.parsed('base', parseSnapName),
    epoch: readEpoch(fields),
    architectures: readArchitectures(fields),
    snapYaml: readSnapYaml(fields),
    createdAt: readMoment(fields, 'created-at'),
    download: readDownload(fields.object('download'), BUNDLE_LIMITS.snapBytes, mayComeFrom),
    components,
  };
}

export function readSnapId(fields: Fields): string {
  return fields.parsed('snap-id', parseSnapId);
}

export function readSnapName(fields: Fields): string {
  return fields.parsed('name', parseSnapName);
}

/** Null where it is no moment: nothing depends on it. */
export function readMoment(fields: Fields, key: string): string | null {
  const value = fields.value(key);
  return typeof value === 'string' && MOMENT.test(value) && !Number.isNaN(Date.parse(value)) ? value : null;
}

function readType(fields: Fields): string {
  const type = fields.text('type', 40);
  // The word of old stores.
  if (type === 'application') return 'app';
  return (SNAP_TYPES as readonly string[]).includes(type) ? type : fields.refuse('type', 'is not a type of snap');
}

function readEpoch(fields: Fields): Epoch {
  try {
    return parseEpoch(fields.value('epoch'));
  } catch (error) {
    return fields.refuse('epoch', `does not fit: ${messageOf(error)}`);
  }
}

/** Taken as it is: whoever reads it finds what is wrong with it. */
function readSnapYaml(fields: Fields): string | null {
  const text = fields.value('snap-yaml');
  if (text === null || text === '') return null;
  return typeof text === 'string' && text.length <= MAX_YAML_BYTES
    ? text
    : fields.refuse('snap-yaml', 'is no snap.yaml');
}

/** Those that this program does not know are left out: no device of ours has them. */
function readArchitectures(fields: Fields): SnapArchitecture[] {
  const known = fields
    .texts('architectures', MAX_ARCHITECTURES, 40)
    .filter((one): one is SnapArchitecture => one === 'all' || isArchitecture(one));
  return known.length > 0 ? [...new Set(known)] : fields.refuse('architectures', 'names none that is known');
}

function readComponent(fields: Fields, mayComeFrom: FileUrlRule): StoreComponent {
  const type = fields.text('type', 60).replace(/^component\//, '');
  return {
    name: readSnapName(fields),
    revision: readNumber(fields),
    type: METADATA_WORD.test(type) ? type : fields.refuse('type', 'is not a type of component'),
    version: textOrNull(fields, 'version', 200),
    createdAt: readMoment(fields, 'created-at'),
    download: readDownload(fields.object('download'), BUNDLE_LIMITS.componentBytes, mayComeFrom),
  };
}

function readDownload(fields: Fields, maxBytes: number, mayComeFrom: FileUrlRule): StoreDownload {
  const url = fields.text('url', 8000);
  if (!URL.canParse(url)) fields.refuse('url', 'is not a URL');
  if (!mayComeFrom(new URL(url))) fields.refuse('url', 'is not an https URL');
  return {
    url,
    size: fields.whole('size', 1, maxBytes),
    digest: readDigest(fields),
  };
}
