import { Channel } from '../../../kernel/channel.js';
import { type AnswerFields } from './answer-fields.js';
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
  answer: AnswerFields,
  wishes: readonly LabelledWish[],
  mayComeFrom: FileUrlRule,
): [string, StoreAnswer][] {
  const results = answer.objects('results', wishes.length);
  return wishes.flatMap(({ key, wish }) => {
    const result = results.find((one) => one.raw('instance-key') === key);
    return result === undefined ? [] : [[key, readResult(result.about(`"${wish.name}"`), wish, mayComeFrom)]];
  });
}

export function unanswered({ name }: StoreWish): StoreAnswer {
  return { found: false, code: 'name-not-found', message: `the store does not answer for ${name}`, releases: [] };
}

function readResult(result: AnswerFields, wish: StoreWish, mayComeFrom: FileUrlRule): StoreAnswer {
  if (result.raw('result') === 'error') return readError(result.object('error'));
  if (result.raw('result') !== 'download') result.refuse('result', 'is not what was asked for');
  const snap = result.object('snap');
  const identity = { snapId: readSnapId(snap), name: readSnapName(snap) };
  if (wish.snapId !== null && identity.snapId !== wish.snapId) snap.refuse('snap-id', `is not ${wish.snapId}`);
  if (wish.snapId === null && identity.name !== wish.name) snap.refuse('name', `is "${identity.name}", another snap's`);
  const revision = readRevision(snap, identity, mayComeFrom);
  if (wish.revision !== null && revision.revision !== wish.revision) snap.refuse('revision', `is not ${wish.revision}`);
  return {
    found: true,
    revision,
    channel: wish.revision === null ? readChannel(result, wish) : null,
    releasedAt: readMoment(result, 'released-at'),
    details: readDetails(snap, identity, mayComeFrom),
  };
}

/** A store that does not say where it comes from gave what was asked for. */
function readChannel(result: AnswerFields, wish: StoreWish): Channel {
  if (result.optionalText('effective-channel') === null) return wish.channel ?? Channel.parse('stable');
  return result.parsed('effective-channel', (text) => Channel.parse(text));
}

function readError(error: AnswerFields): StoreAnswer {
  const code = error.matching('code', CODE, 'an error code');
  const message = (error.optionalText('message', 10_000) ?? code).slice(0, 300);
  const releases = error.has('extra') ? error.object('extra').objects('releases', MAX_RELEASES) : [];
  return {
    found: false,
    code,
    message,
    releases: releases.map((one) => ({ architecture: one.text('architecture'), channel: one.text('channel') })),
  };
}

function whichRevision({ revision, channel }: StoreWish): { revision: number } | { channel: string } {
  return revision === null ? { channel: channel === null ? 'stable' : channel.toString() } : { revision };
}
