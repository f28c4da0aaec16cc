import { BUNDLE_LIMITS } from '../../../formats/bundle/index.js';
import type { Architecture } from '../../../kernel/architecture.js';
import { Channel } from '../../../kernel/channel.js';
import type { AnswerFields } from './answer-fields.js';
import type { StoreInfo, StoreRelease } from './online-store.js';
import { readDetails } from './read-details.js';
import { type FileUrlRule, readMoment, readRevision, readSnapId, readSnapName } from './read-revision.js';

/**
 * Reads the answer of v2/snaps/info/NAME for one architecture.
 * @throws UpstreamAnswerError
 */
export function readInfo(
  fields: AnswerFields,
  name: string,
  architecture: Architecture,
  mayComeFrom: FileUrlRule,
): StoreInfo {
  const snap = fields.object('snap');
  const identity = { snapId: readSnapId(fields), name: readSnapName(fields) };
  if (identity.name !== name) fields.refuse('name', `is "${identity.name}", another snap's`);
  if (snap.has('snap-id') && readSnapId(snap) !== identity.snapId) snap.refuse('snap-id', 'is another one');
  const channelMap = fields
    .objects('channel-map', BUNDLE_LIMITS.channelMapEntriesPerSnap)
    .filter((entry) => entry.object('channel').raw('architecture') === architecture)
    .map((entry) => readRelease(entry, identity, architecture, mayComeFrom));
  return {
    details: readDetails(snap, identity, mayComeFrom),
    defaultTrack: readDefaultTrack(fields),
    channelMap,
  };
}

/** One architecture after the other, of one snap. */
export function joinInfos(infos: readonly StoreInfo[]): StoreInfo | null {
  const [first] = infos;
  return first === undefined ? null : { ...first, channelMap: infos.flatMap(({ channelMap }) => channelMap) };
}

function readRelease(
  entry: AnswerFields,
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
function readChannel(fields: AnswerFields): Channel {
  const track = fields.optionalText('track') ?? 'latest';
  const named = fields.parsed('name', (text) => Channel.parseWithDefaultTrack(text, track));
  const risk = fields.optionalText('risk');
  if (named.track !== track || (risk !== null && risk !== named.risk)) {
    fields.refuse('name', `is another channel than "${track}/${risk ?? named.risk}"`);
  }
  return named;
}

function readDefaultTrack(fields: AnswerFields): string | null {
  if (!fields.has('default-track') || fields.raw('default-track') === '') return null;
  return fields.parsed('default-track', (track) => Channel.parse(`${track}/stable`).track);
}
