import { AssertionRefusedError } from '../assertion.errors.js';
import type { AssertionType } from '../assertion-type.js';
import { MAX_BODY_BYTES } from '../limits.js';

type Needed = Pick<AssertionType, 'name' | 'primaryKey' | 'rank' | 'validate'>;

/** A type with what most of them have in common: an authority, a text body, format 0, nothing that it depends on. */
export function defineType(type: Needed & Partial<AssertionType>): AssertionType {
  return {
    optionalKeyDefaults: {},
    isSequenceForming: false,
    maxFormat: 0,
    authority: 'account',
    trust: 'general',
    maxBodyBytes: MAX_BODY_BYTES,
    isKept: true,
    hasJsonBody: false,
    isTimestamped: false,
    prerequisites: () => [],
    checkConsistency: () => Promise.resolve(),
    signingKey: (assertion) => {
      const refusal = { stage: 'check', reason: 'not-checkable', type: type.name } as const;
      throw new AssertionRefusedError(`${assertion.toString()} cannot be checked by itself`, refusal);
    },
    formatNeeded: () => 0,
    ...type,
  };
}
