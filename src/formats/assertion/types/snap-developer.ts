import { AssertionRef } from '../assertion-ref.js';
import { ACCOUNT_ID, checkDate, checkMaps, checkMatches, checkOptionalDate, rule, SERIES } from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { accountType } from './account.js';
import { refused, requireKnown } from './consistency.js';
import { defineType } from './define.js';
import { snapDeclarationType } from './snap-declaration.js';
import { declarationOf } from './snap-revision.js';

/** Who develops a snap while it is a publisher's (snapd: asserts/snap_asserts.go). */
export const snapDeveloperType = defineType({
  name: 'snap-developer',
  primaryKey: ['snap-id', 'publisher-id'],
  rank: 2,
  validate: ({ headers }) => {
    developersOf(headers);
  },
  prerequisites: (assertion) => {
    const publisher = assertion.text('publisher-id');
    const others = [...developersOf(assertion.headers)].filter((developer) => developer !== publisher);
    return [
      declarationOf(assertion),
      ...[publisher, ...others].map((account) => new AssertionRef(accountType, [account])),
    ];
  },
  checkConsistency: async (assertion, knowledge) => {
    const publisher = assertion.text('publisher-id');
    if (!knowledge.isTrustedAccount(assertion.authorityId) && publisher !== assertion.authorityId) {
      throw refused(
        assertion,
        'not-trusted-authority',
        'is signed neither by the publisher nor by a trusted authority',
      );
    }
    await requireKnown(assertion, knowledge, snapDeclarationType, [SERIES, assertion.text('snap-id')]);
    for (const account of new Set([publisher, ...developersOf(assertion.headers)])) {
      await requireKnown(assertion, knowledge, accountType, [account]);
    }
  },
});

/** Account ids. */
function developersOf(headers: HeaderMap): ReadonlySet<string> {
  const isRevoked = new Map<string, boolean>();
  const entries = checkMaps(headers, 'developers', '"developers" must be a list of developer maps');
  for (const [index, entry] of entries.entries()) {
    const id = checkMatches(entry, 'developer-id', ACCOUNT_ID, `in "developers" item ${index + 1}`);
    const where = `in "developers" item ${index + 1} for developer "${id}"`;
    const since = checkDate(entry, 'since', where);
    const until = checkOptionalDate(entry, 'until', where);
    if (until !== null && since > until) throw rule(`"since" ${where} must be less than or equal to "until"`);
    const revoked = until !== null && since.getTime() === until.getTime();
    const previous = isRevoked.get(id);
    if (previous !== undefined && (previous || revoked)) {
      throw rule(`revocation for developer "${id}" must be standalone but found other "developers" items`);
    }
    isRevoked.set(id, revoked);
  }
  return new Set(isRevoked.keys());
}
