import { type Assertion, type HeaderMap, type HeaderValue, printable } from '../../../formats/assertion/index.js';
import { type Architecture, isArchitecture } from '../../../kernel/architecture.js';
import { isSnapName } from '../../../kernel/snap-names.js';
import type { WantedValidationSet } from './fetch-request.js';
import { type Need, PLAIN_NEED } from './needs.js';

/** What a device of a model is made of. */
export interface ModelContents {
  /** `BRAND/MODEL` */
  readonly title: string;
  readonly snaps: readonly Need[];
  readonly validationSets: readonly WantedValidationSet[];
}

/**
 * The snaps that a model names, and those that snapd completes it with: its base and `snapd`, or `core` where it is of the time before
 * bases (snapd: asserts/model.go). Snaps that are optional in it come too, where the store has them.
 * @param fallback the devices that it is for where it names no architecture, which a classic model may do
 */
export function contentsOfModel(model: Assertion, fallback: readonly Architecture[]): ModelContents {
  const title = printable(`${model.text('brand-id')}/${model.text('model')}`);
  const architecture = model.text('architecture');
  const architectures = isArchitecture(architecture) ? [architecture] : fallback;
  const listed = isMaps(model.headers.snaps) ? model.headers.snaps.map(listedSnap) : namedSnaps(model);
  const names = new Set(listed.map(({ name }) => name));
  const implied = impliedSnaps(model).filter(({ name }) => !names.has(name));
  return {
    title,
    snaps: [...listed, ...implied].map(({ name, snapId, kind, channel, components, isOptional }) => {
      const reason = { kind, of: title };
      return { ...PLAIN_NEED, name, snapId, architectures, channel, components, isOptional, reason };
    }),
    validationSets: validationSetsOf(model),
  };
}

/** The architecture of a model's devices; null where it names none that snapd knows. */
export function architectureOfModel(model: Assertion): Architecture | null {
  const architecture = model.text('architecture');
  return isArchitecture(architecture) ? architecture : null;
}

interface ModelSnap {
  readonly name: string;
  readonly snapId: string | null;
  readonly kind: 'kernel' | 'gadget' | 'base' | 'snapd' | 'model';
  readonly channel: string | null;
  readonly components: readonly string[];
  readonly isOptional: boolean;
}

const PLAIN_SNAP = { snapId: null, kind: 'model', channel: null, components: [], isOptional: false } as const;

/** The extended `snaps` header, since UC20. */
function listedSnap(entry: HeaderMap): ModelSnap {
  const { components } = entry;
  return {
    name: textOf(entry.name),
    snapId: textOf(entry.id) || null,
    kind: kindOf(textOf(entry.type)),
    channel: textOf(entry['default-channel']) || null,
    components: isMap(components) ? Object.keys(components) : [],
    isOptional: entry.presence === 'optional',
  };
}

/** The headers before that: `kernel` and `gadget`, perhaps with a track, and `required-snaps`. */
function namedSnaps(model: Assertion): ModelSnap[] {
  const withTrack = (['kernel', 'gadget'] as const).flatMap((kind) => {
    const [name = '', track] = model.text(kind).split('=');
    if (name === '') return [];
    return [{ ...PLAIN_SNAP, name, kind, channel: track === undefined ? null : `${track}/stable` }];
  });
  const required = model.headers['required-snaps'];
  const names = Array.isArray(required) ? (required as readonly HeaderValue[]).map(textOf) : [];
  return [...withTrack, ...names.filter(isSnapName).map((name) => ({ ...PLAIN_SNAP, name }))];
}

function impliedSnaps(model: Assertion): ModelSnap[] {
  const base = model.text('base');
  const isExtended = model.headers.snaps !== undefined;
  const snapd = { ...PLAIN_SNAP, name: 'snapd', kind: 'snapd' } as const;
  if (base !== '') return [{ ...PLAIN_SNAP, name: base, kind: 'base' }, snapd];
  if (isExtended || model.text('classic') === 'true') return [snapd];
  return [{ ...PLAIN_SNAP, name: 'core', kind: 'base' }];
}

function validationSetsOf(model: Assertion): WantedValidationSet[] {
  const sets = model.headers['validation-sets'];
  if (!isMaps(sets)) return [];
  return sets.map((set) => ({
    accountId: textOf(set['account-id']) || model.text('brand-id'),
    name: textOf(set.name),
    sequence: set.sequence === undefined ? null : Number(textOf(set.sequence)),
  }));
}

function kindOf(type: string): ModelSnap['kind'] {
  return type === 'kernel' || type === 'gadget' || type === 'base' || type === 'snapd' ? type : 'model';
}

function textOf(value: HeaderValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function isMap(value: HeaderValue | undefined): value is HeaderMap {
  return typeof value === 'object' && !Array.isArray(value);
}

function isMaps(value: HeaderValue | undefined): value is readonly HeaderMap[] {
  return Array.isArray(value) && (value as readonly HeaderValue[]).every(isMap);
}
