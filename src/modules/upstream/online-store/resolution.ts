import { Fields } from '../../../formats/bundle/index.js';
import { Channel } from '../../../kernel/channel.js';
import { textOrNull, unbelievable } from './answer-fields.js';
import type { StoreAnswer, StoreWish } from './online-store.js';
import { readDetails } from './read-details.js';
import { type FileUrlRule, readMoment, readRevision, readSnapId, readSnapName } from './read-revision.js';

const MAX_RELEASES = 20_000;
const CODE = /^[a-z][a-z0-9-]{0,99}$/;

/** A wish with the label by which its result is known. */
export interface LabelledWish {
  readonly key: string;
  readonly wish: StoreWish;
  /** By snap-id, for a store that does not know the name any more. */
  readonly isById: boolean;
}

/** What a snapd client sends for `snap download` (store/store_action.go). */
export function refreshBody(wishes: readonly LabelledWish[]): string {
  return JSON.stringify({
    context: [],
    actions: wishes.map(({ key, wish, isById }) => ({
      action: 'download',
      'instance-key': key,
      ...(isById ? { 'snap-id': wish.snapId } : { name: wish.name }),
      ...whichRevision(wish),
      ...(wish.cohortKey === null ? {} : { 'cohort-key': wish.cohortKey }),
      epoch: null,
    })),
    fields: REFRESH_FIELDS,
  });
}

const COMMON_FIELDS = [
  'architectures',
  'base',
  'categories',
  'common-ids',
  'confinement',
  'contact',
  'created-at',
  'description',
  'download',
  'epoch',
  'license',
  'links',
  'media',
  'name',
  'private',
  'publisher',
  'resources',
  'revision',
  'snap-id',
  'store-url',
  'summary',
  'title',
  'type',
  'version',
  'website',
];
const REFRESH_FIELDS = [...COMMON_FIELDS, 'snap-yaml'];
export const INFO_FIELDS = COMMON_FIELDS;

/**
 * The answers among the results of one request, by the label of their wish; snapd's test store has none for what it does not know.
 * @throws UpstreamAnswerError for a result that is about another snap or another revision
 */
export function readResults(
  json: unknown,
  where: string,
  wishes: readonly LabelledWish[],
  mayComeFrom: FileUrlRule,
): [string, StoreAnswer][] {
  const names = wishes.map(({ wish }) => `"${wish.name}"`);
  const what = names.length > 3 ? `${names.length} snaps` : names.join(', ');
  const results = Fields.of(json, unbelievable(where, what)).objects('results', wishes.length, (one) => one);
  return wishes.flatMap(({ key, wish }) => {
    const result = results.find((one) => one.value('instance-key') === key);
    if (result === undefined) return [];
    const aboutIt = result.complaining(unbelievable(where, `"${wish.name}"`));
    return [[key, readResult(aboutIt, wish, mayComeFrom)]];
  });
}

export function unanswered({ name }: StoreWish): StoreAnswer {
  return { found: false, code: 'name-not-found', message: `the store does not answer for ${name}`, releases: [] };
}

function readResult(result: Fields, wish: StoreWish, mayComeFrom: FileUrlRule): StoreAnswer {
  if (result.value('result') === 'error') return readError(result.object('error'));
  if (result.value('result') !== 'download') result.refuse('result', 'must be "download"');
  const snap = result.object('snap');
  const identity = { snapId: readSnapId(snap), name: readSnapName(snap) };
  if (wish.snapId !== null && identity.snapId !== wish.snapId)
    snap.refuse('snap-id', `must be ${wish.snapId}, and is ${identity.snapId}`);
  if (wish.snapId === null && identity.name !== wish.name)
    snap.refuse('name', `must be "${wish.name}", and is "${identity.name}"`);
  const revision = readRevision(snap, identity, mayComeFrom);
  if (wish.revision !== null && revision.revision !== wish.revision)
    snap.refuse('revision', `must be ${wish.revision}, and is ${revision.revision}`);
  return {
    found: true,
    revision,
    channel: wish.revision === null ? readChannel(result, wish) : null,
    releasedAt: readMoment(result, 'released-at'),
    details: readDetails(snap, identity, mayComeFrom),
  };
}

/** A store that does not say where it comes from gave what was asked for. */
function readChannel(result: Fields, wish: StoreWish): Channel {
  if (textOrNull(result, 'effective-channel', 300) === null) return wish.channel ?? Channel.parse('stable');
  return result.parsed('effective-channel', (text) => Channel.parse(text));
}

function readError(error: Fields): StoreAnswer {
  const code = error.matching('code', CODE, 'an error code');
  const message = (textOrNull(error, 'message', 10_000) ?? code).slice(0, 300);
  const readRelease = (one: Fields) => ({
    architecture: one.text('architecture', 40),
    channel: one.text('channel', 300),
  });
  const releases = error.has('extra') ? error.object('extra').objects('releases', MAX_RELEASES, readRelease) : [];
  return { found: false, code, message, releases };
}

function whichRevision({ revision, channel }: StoreWish): { revision: number } | { channel: string } {
  return revision === null ? { channel: channel === null ? 'stable' : channel.toString() } : { revision };
}
