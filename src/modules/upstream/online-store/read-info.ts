import { BUNDLE_LIMITS, type Fields, readDefaultTrack } from '../../../formats/bundle/index.js';
import type { Architecture } from '../../../kernel/architecture.js';
import { Channel, DEFAULT_TRACK } from '../../../kernel/channel.js';
import { textOrNull } from './answer-fields.js';
import type { StoreInfo, StoreRelease } from './online-store.js';
import { readDetails } from './read-details.js';
import { type FileUrlRule, readMoment, readRevision, readSnapId, readSnapName } from './read-revision.js';

/**
 * Reads the answer of v2/snaps/info/NAME for one architecture.
 * @throws UpstreamAnswerError
 */
export function readInfo(
  fields: Fields,
  name: string,
  architecture: Architecture,
  mayComeFrom: FileUrlRule,
): StoreInfo {
  const snap = fields.object('snap');
  const identity = { snapId: readSnapId(fields), name: readSnapName(fields) };
  if (identity.name !== name) fields.refuse('name', `must be "${name}", and is "${identity.name}"`);
  if (snap.has('snap-id') && readSnapId(snap) !== identity.snapId) snap.refuse('snap-id', 'must be the same');
  const channelMap = fields
    .objects('channel-map', BUNDLE_LIMITS.channelMapEntriesPerSnap, (entry) => entry)
    .filter((entry) => entry.object('channel').value('architecture') === architecture)
    .map((entry) => readRelease(entry, identity, architecture, mayComeFrom));
  return {
    details: readDetails(snap, identity, mayComeFrom),
    defaultTrack: fields.value('default-track') === '' ? null : readDefaultTrack(fields),
    channelMap,
  };
}

/** One architecture after the other, of one snap. */
export function joinInfos(infos: readonly StoreInfo[]): StoreInfo | null {
  const [first] = infos;
  return first === undefined ? null : { ...first, channelMap: infos.flatMap(({ channelMap }) => channelMap) };
}

function readRelease(
  entry: Fields,
  identity: { readonly snapId: string; readonly name: string },
  architecture: Architecture,
  mayComeFrom: FileUrlRule,
): StoreRelease {
  const channel = entry.object('channel');
  return {
    architecture,
    channel: readChannel(channel),
    releasedAt: readMoment(channel, 'released-at'),
    revision: readRevision(entry, identity, mayComeFrom),
  };
}

/** `name` may leave the track out; only it has the branch. */
function readChannel(fields: Fields): Channel {
  const track = textOrNull(fields, 'track', 200) ?? DEFAULT_TRACK;
  const named = fields.parsed('name', (text) => Channel.parseWithDefaultTrack(text, track));
  const risk = textOrNull(fields, 'risk', 20);
  if (named.track !== track || (risk !== null && risk !== named.risk)) {
    fields.refuse('name', `must be in "${track}/${risk ?? named.risk}"`);
  }
  return named;
}
