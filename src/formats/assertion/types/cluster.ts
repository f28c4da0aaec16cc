import {
  checkList,
  checkMaps,
  checkNotEmpty,
  checkPositive,
  checkSnapName,
  checkStringHeader,
  parseInteger,
  rule,
} from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { defineType } from './define.js';
import { parseDeviceId } from './messages.js';

const SNAP_STATES = ['clustered', 'evacuated', 'removed'];
const INSTANCE_KEY = /^[a-z0-9]{1,10}$/;
const RISKS = ['stable', 'candidate', 'beta', 'edge'];

/** Devices that form a cluster, and what runs where in it (snapd: asserts/cluster.go). */
export const clusterType = defineType({
  name: 'cluster',
  primaryKey: ['cluster-id', 'sequence'],
  isSequenceForming: true,
  rank: 1,
  validate: ({ headers }) => {
    checkPositive(headers, 'sequence');
    checkSubclusters(headers, checkDevices(headers));
  },
});

function checkDevices(headers: HeaderMap): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const device of checkMaps(headers, 'devices', '"devices" field must be a list of maps')) {
    const id = checkPositive(device, 'id');
    parseDeviceId(checkNotEmpty(device, 'device'));
    checkStringHeader(device, 'addresses');
    if (ids.has(id)) throw rule(`"devices" field contains duplicate device id ${id}`);
    ids.add(id);
  }
  return ids;
}

function checkSubclusters(headers: HeaderMap, deviceIds: ReadonlySet<number>): void {
  const names = new Set<string>();
  for (const subcluster of checkMaps(headers, 'subclusters', '"subclusters" field must be a list of maps')) {
    const name = checkNotEmpty(subcluster, 'name');
    if (names.has(name)) throw rule(`"subclusters" field contains duplicate subcluster name "${name}"`);
    names.add(name);
    for (const device of checkStringHeader(subcluster, 'devices')) {
      const id = parseInteger(device, 'device id');
      if (id < 1) throw rule(`device id must be >=1: ${id}`);
      if (!deviceIds.has(id)) throw rule(`"subclusters" references unknown device id ${id}`);
    }
    checkList(subcluster, 'snaps');
    for (const snap of checkMaps(subcluster, 'snaps', '"snaps" field must be a list of maps')) checkSnap(snap);
  }
}

function checkSnap(snap: HeaderMap): void {
  if (!SNAP_STATES.includes(checkNotEmpty(snap, 'state')))
    throw rule(`snap state must be one of: ${SNAP_STATES.join(', ')}`);
  const [name = '', key, ...rest] = checkNotEmpty(snap, 'instance').split('_');
  checkSnapName(name, 'in "instance"');
  if (rest.length > 0 || (key !== undefined && !INSTANCE_KEY.test(key))) throw rule('invalid snap instance name');
  const parts = checkNotEmpty(snap, 'channel').split('/');
  const risk = parts.length === 1 || RISKS.includes(parts[0] ?? '') ? null : parts[1];
  if (parts.length > 3 || parts.includes('') || (risk !== null && !RISKS.includes(risk ?? ''))) {
    throw rule('invalid channel name');
  }
}
