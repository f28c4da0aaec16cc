import { AssertionRef } from '../assertion-ref.js';
import type { Assertion } from '../assertion.js';
import type { ConstraintFeature } from '../attribute-constraints.js';
import {
  ACCOUNT_ID,
  checkDate,
  checkExists,
  checkMaps,
  checkMatches,
  checkNotEmpty,
  checkPositive,
  checkStringHeader,
  checkStrings,
  PROVENANCE,
  rule,
} from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { checkDeviceScope, checkInterfaceRules, featuresOfInterfaceRules } from '../interface-rules.js';
import { accountType } from './account.js';
import { requireKnown, requireTrustedAuthority } from './consistency.js';
import { defineType } from './define.js';

const ALIAS = /^[a-zA-Z0-9][-_.a-zA-Z0-9]*$/;
const APP = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;

const FORMAT_OF_FEATURE: Readonly<Record<ConstraintFeature, number>> = {
  'dollar-constraints': 2,
  'device-scope': 3,
  'name-constraints': 4,
  alternatives: 5,
  'publisher-id': 6,
};

/** Gives a snap-id its name, publisher and interface rules; an empty name revokes the snap (snapd: asserts/snap_asserts.go). */
export const snapDeclarationType = defineType({
  name: 'snap-declaration',
  primaryKey: ['series', 'snap-id'],
  maxFormat: 7,
  rank: 1,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkExists(headers, 'snap-name');
    checkNotEmpty(headers, 'publisher-id');
    checkDate(headers, 'timestamp');
    checkStringHeader(headers, 'refresh-control');
    checkInterfaceRules(headers);
    checkStringHeader(headers, 'auto-aliases', ALIAS);
    checkAliases(headers);
    revisionAuthorities(headers);
  },
  prerequisites: (declaration) => [new AssertionRef(accountType, [declaration.text('publisher-id')])],
  checkConsistency: async (declaration, knowledge) => {
    requireTrustedAuthority(declaration, knowledge);
    await requireKnown(declaration, knowledge, accountType, [declaration.text('publisher-id')]);
  },
  formatNeeded: (headers) => {
    if (headers.plugs === undefined && headers.slots === undefined) return 0;
    return Math.max(1, ...[...featuresOfInterfaceRules(headers)].map((feature) => FORMAT_OF_FEATURE[feature]));
  },
});

/** The policy for all snaps of a series; snapd has its own built in. */
export const baseDeclarationType = defineType({
  name: 'base-declaration',
  primaryKey: ['series'],
  rank: 1,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkInterfaceRules(headers);
    checkDate(headers, 'timestamp');
  },
  checkConsistency: (declaration, knowledge) => {
    requireTrustedAuthority(declaration, knowledge);
    return Promise.resolve();
  },
});

/** An account that may sign revisions of the snap under a provenance. */
export interface RevisionAuthority {
  readonly accountId: string;
  readonly provenance: readonly string[];
  readonly minRevision: number;
  /** Null is no limit. */
  readonly maxRevision: number | null;
}

/** Whether the declaration lets the account sign this revision (or resource revision) under this provenance, on any device. */
export function mayAccountSignRevision(
  declaration: Assertion,
  accountId: string,
  provenance: string,
  revision: number,
): boolean {
  return revisionAuthorities(declaration.headers).some((authority) => {
    return (
      authority.accountId === accountId &&
      authority.provenance.includes(provenance) &&
      revision >= authority.minRevision &&
      (authority.maxRevision === null || revision <= authority.maxRevision)
    );
  });
}

function revisionAuthorities(headers: HeaderMap): RevisionAuthority[] {
  const wrong = 'revision-authority stanza must be a list of maps';
  return checkMaps(headers, 'revision-authority', wrong).map((entry) => {
    const where = 'in revision authority';
    const accountId = checkMatches(entry, 'account-id', ACCOUNT_ID, where);
    const provenance = checkStrings(entry, 'provenance', `provenance ${where}`, PROVENANCE);
    if (provenance.length === 0) throw rule(`provenance ${where} cannot be empty`);
    const minRevision = entry['min-revision'] === undefined ? 1 : checkPositive(entry, 'min-revision', where);
    const maxRevision = entry['max-revision'] === undefined ? null : checkPositive(entry, 'max-revision', where);
    if (maxRevision !== null && maxRevision < minRevision) {
      throw rule('optional max-revision cannot be less than min-revision in revision-authority');
    }
    checkDeviceScope(entry, 'revision-authority');
    return { accountId, provenance, minRevision, maxRevision };
  });
}

function checkAliases(headers: HeaderMap): void {
  const seen = new Set<string>();
  const entries = checkMaps(headers, 'aliases', '"aliases" header must be a list of alias maps');
  for (const [index, entry] of entries.entries()) {
    const name = checkMatches(entry, 'name', ALIAS, `in "aliases" item ${index + 1}`);
    checkMatches(entry, 'target', APP, `for alias "${name}"`);
    if (seen.has(name)) throw rule(`duplicated definition in "aliases" for alias "${name}"`);
    seen.add(name);
  }
}
