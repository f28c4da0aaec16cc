import {
  checkDate,
  checkMap,
  checkMatches,
  checkMaps,
  checkNotEmpty,
  checkOneOf,
  checkPositive,
  checkSnapName,
  rule,
  SNAP_ID,
} from '../header-checks.js';
import { type HeaderMap, type HeaderValue, isHeaderMap } from '../headers.js';
import { defineType } from './define.js';

const NAME = /^[a-z0-9](?:-?[a-z0-9])*$/;
const PRESENCES = ['required', 'optional', 'invalid'];

/** Snaps, and perhaps revisions of them, that go together (snapd: asserts/validation_set.go). */
export const validationSetType = defineType({
  name: 'validation-set',
  primaryKey: ['series', 'account-id', 'name', 'sequence'],
  isSequenceForming: true,
  rank: 1,
  isTimestamped: true,
  validate: ({ headers, authorityId }) => {
    if (headers['account-id'] !== authorityId) {
      throw rule(
        'authority-id and account-id must match, validation-set assertions are expected to be signed by the issuer',
      );
    }
    checkMatches(headers, 'name', NAME);
    checkPositive(headers, 'sequence');
    checkSnaps(headers);
    checkDate(headers, 'timestamp');
  },
});

function checkSnaps(headers: HeaderMap): void {
  if (headers.snaps === undefined) throw rule('"snaps" header is mandatory');
  const names = new Set<string>();
  const ids = new Set<string>();
  for (const snap of checkMaps(headers, 'snaps', '"snaps" header must be a list of maps')) {
    const name = checkNotEmpty(snap, 'name', 'of snap');
    checkSnapName(name, 'in "snaps" header');
    const where = `of snap "${name}"`;
    const id = checkMatches(snap, 'id', SNAP_ID, where);
    checkPresenceAndRevision(snap, where);
    checkComponents(snap);
    if (names.has(name)) throw rule(`cannot list the same snap "${name}" multiple times`);
    if (ids.has(id)) throw rule(`cannot specify the same snap id "${id}" multiple times`);
    names.add(name);
    ids.add(id);
  }
}

function checkPresenceAndRevision(entry: HeaderMap, where: string): void {
  const presence = checkOneOf(entry, 'presence', PRESENCES, where);
  if (entry.revision === undefined) return;
  checkPositive(entry, 'revision', where);
  if (presence === 'invalid') {
    throw rule(`cannot specify revision ${where} at the same time as stating its presence is invalid`);
  }
}

function checkComponents(snap: HeaderMap): void {
  const wrong = 'each field in "components" map must be either a map or a string';
  for (const [name, value] of Object.entries(checkMap(snap, 'components', 'of snap') ?? {})) {
    checkSnapName(name, 'in "components"');
    const where = `of component "${name}"`;
    const component = asComponent(value);
    if (component === null) throw rule(wrong);
    checkNotEmpty(component, 'presence', where);
    checkPresenceAndRevision(component, where);
  }
}

/** Text is short for a presence. */
function asComponent(value: HeaderValue | undefined): HeaderMap | null {
  if (typeof value === 'string') return { presence: value };
  return isHeaderMap(value) ? value : null;
}
