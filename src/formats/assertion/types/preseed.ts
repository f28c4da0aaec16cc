import {
  checkDate,
  checkDigest,
  checkMaps,
  checkMatches,
  checkModelName,
  checkNotEmpty,
  checkPositive,
  checkSnapName,
  rule,
  SNAP_ID,
} from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { defineType } from './define.js';

const SYSTEM_LABEL = /^[a-z0-9](?:-?[a-z0-9])*$/;

/** What a preseeded system was made from (snapd: asserts/preseed.go). Who may sign is for the model to say, where it is used. */
export const preseedType = defineType({
  name: 'preseed',
  primaryKey: ['series', 'brand-id', 'model', 'system-label'],
  rank: 1,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkModelName(headers);
    checkMatches(headers, 'system-label', SYSTEM_LABEL);
    checkSnaps(headers);
    checkDigest(headers, 'artifact-sha3-384');
    checkDate(headers, 'timestamp');
  },
});

function checkSnaps(headers: HeaderMap): void {
  if (headers.snaps === undefined) throw rule('"snaps" header is mandatory');
  const seen = new Set<string>();
  for (const snap of checkMaps(headers, 'snaps', '"snaps" header must be a list of maps')) {
    const name = checkNotEmpty(snap, 'name', 'of snap');
    checkSnapName(name, 'in "snaps" header');
    const where = `of snap "${name}"`;
    const id = snap.id === undefined ? null : checkMatches(snap, 'id', SNAP_ID, where);
    const revision = snap.revision === undefined ? null : checkPositive(snap, 'revision', where);
    if (id !== null && revision === null) throw rule('snap revision is required when snap id is set');
    if (id === null && revision !== null) throw rule('snap id is required when revision is set');
    for (const key of id === null ? [name] : [name, id]) {
      if (seen.has(key)) throw rule(`cannot list the same snap "${name}" multiple times`);
      seen.add(key);
    }
  }
}
