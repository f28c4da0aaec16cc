import { AssertionRef } from '../assertion-ref.js';
import type { Assertion } from '../assertion.js';
import {
  checkDate,
  checkDigest,
  checkMatches,
  checkNotEmpty,
  checkPositive,
  checkUnsigned,
  DEFAULT_PROVENANCE,
  PROVENANCE,
  SERIES,
} from '../header-checks.js';
import type { Knowledge } from '../knowledge.js';
import { accountType } from './account.js';
import { refused, requireKnown, requireTrustedAuthority } from './consistency.js';
import { defineType } from './define.js';
import { checkIntegrity } from './integrity.js';
import { mayAccountSignRevision, snapDeclarationType } from './snap-declaration.js';

/** Gives a snap file its revision (snapd: asserts/snap_asserts.go). */
export const snapRevisionType = defineType({
  name: 'snap-revision',
  primaryKey: ['snap-sha3-384', 'provenance'],
  optionalKeyDefaults: { provenance: DEFAULT_PROVENANCE },
  rank: 2,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkDigest(headers, 'snap-sha3-384');
    checkMatches(headers, 'provenance', PROVENANCE);
    checkNotEmpty(headers, 'snap-id');
    checkUnsigned(headers, 'snap-size');
    checkPositive(headers, 'snap-revision');
    checkNotEmpty(headers, 'developer-id');
    checkDate(headers, 'timestamp');
    checkIntegrity(headers);
  },
  prerequisites: (revision) => [
    declarationOf(revision),
    new AssertionRef(accountType, [revision.text('developer-id')]),
  ],
  checkConsistency: (revision, knowledge) => checkRevision(revision, knowledge, Number(revision.text('snap-revision'))),
});

/** What a developer says about a snap when building it. */
export const snapBuildType = defineType({
  name: 'snap-build',
  primaryKey: ['snap-sha3-384'],
  rank: 1,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkDigest(headers, 'snap-sha3-384');
    checkNotEmpty(headers, 'snap-id');
    checkNotEmpty(headers, 'grade');
    checkUnsigned(headers, 'snap-size');
    checkDate(headers, 'timestamp');
  },
});

/** The declaration of the snap that an assertion with a `snap-id` is about. */
export function declarationOf(assertion: Assertion): AssertionRef {
  return new AssertionRef(snapDeclarationType, [SERIES, assertion.text('snap-id')]);
}

/** The rule that revisions of snaps and of their resources share: who may sign for which provenance. */
export async function checkRevision(revision: Assertion, knowledge: Knowledge, number: number): Promise<void> {
  const provenance = revision.text('provenance');
  if (provenance === DEFAULT_PROVENANCE) requireTrustedAuthority(revision, knowledge);
  await requireKnown(revision, knowledge, accountType, [revision.text('developer-id')]);
  const declaration = await requireKnown(revision, knowledge, snapDeclarationType, [SERIES, revision.text('snap-id')]);
  if (provenance === DEFAULT_PROVENANCE) return;
  if (!mayAccountSignRevision(declaration, revision.authorityId, provenance, number)) {
    const why = `with provenance ${provenance} is not signed by an authority that ${declaration.toString()} allows`;
    throw refused(revision, 'consistency', why);
  }
}
