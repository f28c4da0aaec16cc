import { EPOCH_ZERO, parseEpoch, type Epoch } from '../../kernel/epoch.js';
import { messageOf } from '../../kernel/store-error.js';
import { readApps, type SnapApp } from './apps.js';
import { Fields } from './fields.js';
import { readPlugs, readSlots, type SnapPlug, type SnapSlot } from './interfaces.js';
import { readLinks, type SnapLinks } from './links.js';
import {
  checkSnapName,
  checkVersion,
  readPresentation,
  readProvenance,
  readTitle,
  type Presentation,
} from './rules.js';
import { readYamlMap, type YamlValue } from './yaml-document.js';

export const SNAP_TYPES = ['app', 'base', 'gadget', 'kernel', 'os', 'snapd'] as const;
export type SnapType = (typeof SNAP_TYPES)[number];

export const CONFINEMENTS = ['strict', 'classic', 'devmode'] as const;
export type Confinement = (typeof CONFINEMENTS)[number];

/** What a store needs of `meta/snap.yaml`. Null is what the file leaves out and what has no default in snapd. */
export interface SnapYaml extends Presentation {
  readonly name: string;
  readonly version: string;
  readonly type: SnapType;
  /** Debian's names, or `all`. Never empty. */
  readonly architectures: readonly string[];
  /** Null where none is named: an app then runs on `core`. `none` is a snap that runs nothing. */
  readonly base: string | null;
  readonly epoch: Epoch;
  readonly confinement: Confinement;
  /** `stable` or `devel`. snapd does not look at it. */
  readonly grade: string;
  readonly title: string | null;
  readonly license: string | null;
  /** Null for the usual one, `global-upload`. */
  readonly provenance: string | null;
  readonly assumes: readonly string[];
  readonly links: SnapLinks;
  readonly apps: readonly SnapApp[];
  readonly hooks: readonly string[];
  readonly plugs: readonly SnapPlug[];
  readonly slots: readonly SnapSlot[];
  readonly components: readonly SnapComponent[];
}

/** A part that is installed on demand, as its snap announces it. */
export interface SnapComponent extends Presentation {
  readonly name: string;
  readonly type: string;
}

const FILE = 'snap.yaml';
const ARCHITECTURE = /^[a-z0-9]{1,32}$/;
const MAX_ARCHITECTURES = 32;
const CORE_SNAPS = ['core', 'ubuntu-core'];
const EPOCH_NUMBER = /^[0-9]+$/;

/**
 * Reads `meta/snap.yaml` and refuses what snapd refuses in the keys that a store serves (snapd: snap/info_snap_yaml.go and
 * snap/validate.go). Keys that a store has no use for are passed over.
 * @throws SnapYamlError naming the key
 */
export function parseSnapYaml(bytes: Buffer): SnapYaml {
  const root = new Fields(FILE, readYamlMap(FILE, bytes));
  const name = checkSnapName(root, 'name', root.requiredText('name'));
  const type = readType(root, name);
  const apps = root.fields('apps');
  const hooks = root.fields('hooks');
  const users = [...apps.names().map((app) => apps.fields(app)), ...hooks.names().map((hook) => hooks.fields(hook))];
  const plugs = readPlugs(root, users);
  const slots = readSlots(root, users);
  const slotNames = new Set(slots.map((slot) => slot.name));
  const clash = plugs.find((plug) => slotNames.has(plug.name));
  // The old core snap has such pairs, and snapd renames its plugs.
  if (clash !== undefined && type !== 'os') throw root.refusal('plugs', `and slots both have "${clash.name}"`);

  return {
    name,
    type,
    version: checkVersion(root, 'version', root.requiredText('version')),
    architectures: readArchitectures(root),
    base: readBase(root, type),
    epoch: readEpoch(root),
    confinement: oneOf(root, 'confinement', CONFINEMENTS) ?? 'strict',
    grade: root.text('grade') ?? 'stable',
    title: readTitle(root),
    ...readPresentation(root),
    license: root.text('license'),
    provenance: readProvenance(root),
    assumes: root.texts('assumes').sort(),
    links: readLinks(root),
    apps: readApps(apps),
    hooks: hooks.names(),
    plugs,
    slots,
    components: readComponents(root.fields('components')),
  };
}

function readType(root: Fields, name: string): SnapType {
  const type = root.text('type') === 'application' ? 'app' : oneOf(root, 'type', SNAP_TYPES);
  if (name === 'snapd') return 'snapd';
  return type ?? (CORE_SNAPS.includes(name) ? 'os' : 'app');
}

/** A list of names; old snaps have maps in it, of which `run-on` (else `build-for`, else `build-on`) counts. */
function readArchitectures(root: Fields): string[] {
  const value = root.value('architectures');
  const items: readonly YamlValue[] = Array.isArray(value) ? (value as readonly YamlValue[]) : [value];
  const names = items.flatMap((item) => {
    if (item === null || typeof item === 'string') return item ?? [];
    if (!(item instanceof Map)) throw root.refusal('architectures', 'has something in it that is no architecture');
    const fields = new Fields(FILE, item as ReadonlyMap<string, YamlValue>, 'architectures');
    const key = ['run-on', 'build-for', 'build-on'].find((candidate) => fields.has(candidate));
    return key === undefined ? [] : fields.oneOrMoreTexts(key);
  });
  const bad = names.find((architecture) => !ARCHITECTURE.test(architecture));
  if (bad !== undefined) throw root.refusal('architectures', `cannot have ${JSON.stringify(bad.slice(0, 60))}`);
  if (names.length > MAX_ARCHITECTURES) throw root.refusal('architectures', `has more than ${MAX_ARCHITECTURES}`);
  return names.length === 0 ? ['all'] : [...new Set(names)];
}

function readBase(root: Fields, type: SnapType): string | null {
  const base = root.text('base');
  if (base === null || base === 'none') {
    if (base === 'none' && [...root.fields('apps').names(), ...root.fields('hooks').names()].length > 0) {
      throw root.refusal('base', 'is "none", but there are apps or hooks');
    }
    return base;
  }
  if (type === 'os' || type === 'base') throw root.refusal('base', `must not be there on a snap of type ${type}`);
  return checkSnapName(root, 'base', base);
}

function readEpoch(root: Fields): Epoch {
  const value = root.value('epoch');
  if (value === null) return EPOCH_ZERO;
  try {
    if (typeof value === 'string') return parseEpoch(value);
    const fields = root.fields('epoch');
    return parseEpoch({ read: numbers(fields, 'read'), write: numbers(fields, 'write') });
  } catch (error) {
    throw root.refusal('epoch', `is no epoch: ${messageOf(error)}`);
  }
}

function numbers(fields: Fields, key: string): number[] | null {
  if (fields.value(key) === null) return null;
  return fields.texts(key).map((text) => (EPOCH_NUMBER.test(text) ? Number(text) : NaN));
}

function readComponents(components: Fields): SnapComponent[] {
  return components.names().map((name) => {
    checkSnapName(components, name, name);
    const component = components.fields(name);
    return { name, type: component.requiredText('type'), ...readPresentation(component) };
  });
}

function oneOf<T extends string>(fields: Fields, key: string, allowed: readonly T[]): T | null {
  const text = fields.text(key);
  const found = allowed.find((candidate) => candidate === text);
  if (text !== null && found === undefined) {
    throw fields.refusal(key, `is ${JSON.stringify(text.slice(0, 60))}, not one of ${allowed.join(', ')}`);
  }
  return found ?? null;
}
