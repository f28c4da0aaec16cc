import { AssertionRef, printable } from '../assertion-ref.js';
import { checkDate, checkNotEmpty, checkOptional, checkStringHeader, rule } from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { accountType } from './account.js';
import { requireKnown, requireTrustedAuthority } from './consistency.js';
import { defineType } from './define.js';

/** Names a store, its operator and where it is (snapd: asserts/store_asserts.go). */
export const storeType = defineType({
  name: 'store',
  primaryKey: ['store'],
  rank: 1,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkNotEmpty(headers, 'operator-id');
    checkUrl(headers);
    checkStringHeader(headers, 'friendly-stores');
    checkOptional(headers, 'location');
    checkDate(headers, 'timestamp');
  },
  prerequisites: (store) => [new AssertionRef(accountType, [store.text('operator-id')])],
  checkConsistency: async (store, knowledge) => {
    requireTrustedAuthority(store, knowledge);
    await requireKnown(store, knowledge, accountType, [store.text('operator-id')]);
  },
});

function checkUrl(headers: HeaderMap): void {
  const text = checkOptional(headers, 'url');
  if (text === '') return;
  const shown = printable(text);
  if (!URL.canParse(text)) throw rule(`"url" header must be a valid URL: ${shown}`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw rule(`"url" header scheme must be "https" or "http": ${shown}`);
  }
  // The parser takes https:/x and https:x for https://x/, which has a host only there.
  if (!/^https?:\/\/[^/?#]/i.test(text)) throw rule(`"url" header must have a host: ${shown}`);
  if (url.search !== '') throw rule(`"url" header must not have a query: ${shown}`);
  if (url.hash !== '') throw rule(`"url" header must not have a fragment: ${shown}`);
}
