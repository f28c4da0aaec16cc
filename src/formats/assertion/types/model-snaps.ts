import {
  checkMaps,
  checkMatches,
  checkNotEmpty,
  checkOneOf,
  checkOptional,
  checkOptionalBoolean,
  checkSnapName,
  checkStrings,
  rule,
  SNAP_ID,
} from '../header-checks.js';
import { type HeaderMap, isHeaderMap } from '../headers.js';

export type ModelGrade = 'secured' | 'signed' | 'dangerous';

interface ModelContext {
  readonly base: string;
  readonly grade: ModelGrade;
  readonly isClassic: boolean;
}

const SNAP_TYPES = ['app', 'base', 'gadget', 'kernel', 'core', 'snapd'];
const PRESENCES = ['required', 'optional'];
const ESSENTIAL_TYPES = ['snapd', 'kernel', 'gadget'];
const RISKS = ['stable', 'candidate', 'beta', 'edge'];
const MODE = /^[a-z][-a-z]+$/;
/** snapd completes these bases by itself (snap/naming/wellknown.go); any other one must be listed. */
const WELL_KNOWN_BASES = ['core', 'core18', 'core20', 'core22', 'core24', 'core26'];

/** The extended `snaps` header of models since UC20 (snapd: checkExtendedSnaps in asserts/model.go). */
export function checkModelSnaps(headers: HeaderMap, model: ModelContext): void {
  const names = new Set<string>();
  const ids = new Set<string>();
  const essentials = new Set<string>();
  for (const snap of checkMaps(headers, 'snaps', '"snaps" header must be a list of maps')) {
    const { name, id, type } = checkModelSnap(snap, model);
    if (names.has(name)) throw rule(`cannot list the same snap "${name}" multiple times`);
    names.add(name);
    if (id !== '' && ids.has(id)) throw rule(`cannot specify the same snap id "${id}" multiple times`);
    ids.add(id);
    if (ESSENTIAL_TYPES.includes(type)) {
      if (essentials.has(type)) throw rule(`cannot specify multiple ${type} snaps`);
      essentials.add(type);
    } else if (name === model.base && type !== 'base') {
      throw rule(`boot base "${name}" must specify type "base", not "${type}"`);
    }
  }
  // A classic system may run on the distribution's own kernel and boot.
  if (!model.isClassic || essentials.has('kernel')) requireEssential(essentials, 'gadget');
  if (!model.isClassic) requireEssential(essentials, 'kernel');
  if (!names.has(model.base) && model.grade !== 'dangerous' && !WELL_KNOWN_BASES.includes(model.base)) {
    throw rule(`cannot specify not well-known base "${model.base}" without a corresponding "snaps" header entry`);
  }
}

function requireEssential(essentials: ReadonlySet<string>, type: string): void {
  if (!essentials.has(type)) throw rule(`one "snaps" header entry must specify the model ${type}`);
}

function checkModelSnap(snap: HeaderMap, model: ModelContext): { name: string; id: string; type: string } {
  const name = checkNotEmpty(snap, 'name', 'of snap');
  checkSnapName(name, 'in "snaps" header');
  const where = `of snap "${name}"`;
  const id = checkId(snap, where, model.grade);
  const type = checkOneOf(snap, 'type', SNAP_TYPES, where) || 'app';
  const presence = checkOneOf(snap, 'presence', PRESENCES, where);
  const isEssential = ESSENTIAL_TYPES.includes(type) || name === model.base;
  const modes = checkStrings(snap, 'modes', `"modes" ${where}`, MODE);
  if (isEssential && (presence !== '' || modes.length > 0)) {
    throw rule(`essential snaps are always available, cannot specify modes or presence for snap "${name}"`);
  }
  checkDefaultChannel(checkOptional(snap, 'default-channel', where), name);
  const validModes = isEssential ? ['run', 'ephemeral'] : modes.length === 0 ? ['run'] : modes;
  if (checkOptionalBoolean(snap, 'classic', where)) {
    if (!model.isClassic) throw rule(`snap "${name}" cannot be classic in non-classic model`);
    if (type !== 'app') throw rule(`snap "${name}" cannot be classic with type "${type}" instead of app`);
    if (validModes.join() !== 'run') throw rule(`classic snap "${name}" not allowed outside of run mode`);
  }
  checkComponents(snap, validModes, where);
  return { name, id, type };
}

function checkId(snap: HeaderMap, where: string, grade: ModelGrade): string {
  if (snap.id !== undefined) return checkMatches(snap, 'id', SNAP_ID, where);
  if (grade !== 'dangerous') throw rule(`"id" ${where} is mandatory for ${grade} grade model`);
  return '';
}

/** As snapd's channel.ParseVerbatim, and with a track. */
function checkDefaultChannel(channel: string, name: string): void {
  if (channel === '') return;
  const parts = channel.split('/');
  const wrong = rule(`invalid default channel for snap "${name}"`);
  if (parts.length > 3 || parts.includes('')) throw wrong;
  const [first = '', second] = parts;
  if (RISKS.includes(first) && parts.length < 3) throw rule(`default channel for snap "${name}" must specify a track`);
  if (second !== undefined && !RISKS.includes(second)) throw wrong;
}

function checkComponents(snap: HeaderMap, snapModes: readonly string[], where: string): void {
  if (snap.components === undefined) return;
  if (!isHeaderMap(snap.components)) throw rule(`"components" ${where} must be a map from strings to components`);
  for (const [name, component] of Object.entries(snap.components)) {
    checkSnapName(name, `of component ${where}`);
    const componentWhere = `of component "${name}" ${where}`;
    const entry = typeof component === 'string' ? { presence: component } : component;
    if (!isHeaderMap(entry)) throw rule(`${componentWhere} must be a map or one of required|optional`);
    const unknown = Object.keys(entry).find((key) => key !== 'presence' && key !== 'modes');
    if (unknown !== undefined) throw rule(`entry "${unknown}" ${componentWhere} is unknown`);
    checkNotEmpty(entry, 'presence', componentWhere);
    checkOneOf(entry, 'presence', PRESENCES, componentWhere);
    for (const mode of checkStrings(entry, 'modes', `modes ${componentWhere}`, MODE)) {
      if (!snapModes.includes(mode)) throw rule(`mode "${mode}" ${componentWhere} is incompatible with the snap modes`);
    }
  }
}
