import { type ByteText, byteText } from '../../../platform/http/answer.js';
import type { CatalogEntry } from '../resolution/catalog-entry.js';
import type { Resolution } from '../resolution/resolve.js';
import type { ContextSnap, RefreshAction, SnapAction, UnknownAction } from './refresh-request.js';

/** A result up to its `snap` object, which follows. */
export function resultStart(
  action: SnapAction,
  entry: CatalogEntry,
  { effectiveChannel, redirectChannel, releasedAt }: Extract<Resolution, { found: true }>,
): ByteText {
  const { snapId, name } = entry;
  const head = `{"result":"${action.action}","instance-key":${quoted(action.instanceKey)},"snap-id":"${snapId}","name":"${name}"`;
  const effective = effectiveChannel === null ? '' : `,"effective-channel":"${effectiveChannel}"`;
  const redirect = redirectChannel === null ? '' : `,"redirect-channel":"${redirectChannel}"`;
  const released = releasedAt === null ? '' : `,"released-at":"${releasedAt}"`;
  return `${head}${effective}${redirect}${released},"snap":`;
}

/**
 * snapd takes a result with the revision that it has for "no update" (store/store_action.go); any other answer would be an
 * older revision, or an error that the user is shown. Of a revision that is not held nothing is known but its number, and
 * nothing else of it is read.
 */
export function keptSnap({ snapId, name, publisher }: CatalogEntry, revision: number): ByteText {
  return byteText(JSON.stringify({ 'snap-id': snapId, name, publisher, revision, prices: {} }));
}

export function notHeld(action: SnapAction, installed: ContextSnap | undefined): ByteText {
  const isByName = action.name !== null && (action.action !== 'refresh' || action.snapId === null);
  const entry = { snapId: action.snapId ?? installed?.snapId ?? null, name: action.name };
  return isByName && installed === undefined
    ? errorResult(action, entry, 'name-not-found', `this store holds no snap of that name`)
    : errorResult(action, entry, 'id-not-found', `this store holds no snap of that snap-id`);
}

/** snapd reports an error without a name as one of the whole request (store/store_action.go). */
export function errorResult(
  action: SnapAction | UnknownAction,
  entry: { readonly snapId: string | null; readonly name: string | null } | null,
  code: string,
  message: string,
  extra?: object,
): ByteText {
  const name = entry?.name ?? action.name;
  return byteText(
    JSON.stringify({
      result: 'error',
      'instance-key': action.instanceKey,
      ...(entry?.snapId ? { 'snap-id': entry.snapId } : {}),
      ...(name === null ? {} : { name }),
      error: { code, message, ...(extra === undefined ? {} : { extra }) },
    }),
  );
}

export function tooMuch(action: RefreshAction | undefined): ByteText {
  const message = 'the answer to this request would be too large; ask for fewer snaps at once';
  if (action === undefined || action.action === 'fetch-assertions') {
    const key = action?.key ?? '';
    return byteText(
      JSON.stringify({ result: 'fetch-assertions', key, 'error-list': [{ code: 'answer-too-large', message }] }),
    );
  }
  return errorResult(action, null, 'answer-too-large', message);
}

/** What needs no escaping in JSON; nearly every instance-key there is. */
const PLAIN = /^[\w:.-]*$/;

function quoted(text: string): ByteText {
  return PLAIN.test(text) ? `"${text}"` : byteText(JSON.stringify(text));
}
