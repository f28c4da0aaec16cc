import { AssertionRef } from '../assertion-ref.js';
import {
  checkDate,
  checkDigest,
  checkMatches,
  checkNotEmpty,
  checkPositive,
  checkSnapName,
  checkUnsigned,
  DEFAULT_PROVENANCE,
  PROVENANCE,
} from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { accountType } from './account.js';
import { defineType } from './define.js';
import { checkIntegrity } from './integrity.js';
import { checkRevision, declarationOf } from './snap-revision.js';

/** Gives a resource of a snap, such as a component's file, its revision (snapd: asserts/snap_resource_asserts.go). */
export const snapResourceRevisionType = defineType({
  name: 'snap-resource-revision',
  primaryKey: ['snap-id', 'resource-name', 'resource-sha3-384', 'provenance'],
  optionalKeyDefaults: { provenance: DEFAULT_PROVENANCE },
  rank: 2,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkResourceName(headers);
    checkDigest(headers, 'resource-sha3-384');
    checkMatches(headers, 'provenance', PROVENANCE);
    checkUnsigned(headers, 'resource-size');
    checkPositive(headers, 'resource-revision');
    checkNotEmpty(headers, 'developer-id');
    checkDate(headers, 'timestamp');
    checkIntegrity(headers);
  },
  prerequisites: (revision) => [
    declarationOf(revision),
    new AssertionRef(accountType, [revision.text('developer-id')]),
  ],
  checkConsistency: (revision, knowledge) => {
    return checkRevision(revision, knowledge, Number(revision.text('resource-revision')));
  },
});

/** Says that a revision of a resource goes with a revision of the snap. */
export const snapResourcePairType = defineType({
  name: 'snap-resource-pair',
  primaryKey: ['snap-id', 'resource-name', 'resource-revision', 'snap-revision', 'provenance'],
  optionalKeyDefaults: { provenance: DEFAULT_PROVENANCE },
  rank: 2,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkResourceName(headers);
    checkMatches(headers, 'provenance', PROVENANCE);
    checkPositive(headers, 'resource-revision');
    checkPositive(headers, 'snap-revision');
    checkNotEmpty(headers, 'developer-id');
    checkDate(headers, 'timestamp');
  },
  prerequisites: (pair) => [declarationOf(pair)],
  checkConsistency: (pair, knowledge) => checkRevision(pair, knowledge, Number(pair.text('snap-revision'))),
});

function checkResourceName(headers: HeaderMap): void {
  checkSnapName(checkNotEmpty(headers, 'resource-name'), 'in "resource-name" header');
}
