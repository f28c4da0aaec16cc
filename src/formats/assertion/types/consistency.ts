import type { Assertion } from '../assertion.js';
import { AssertionRefusedError, type RefusalReason } from '../assertion.errors.js';
import { AssertionRef } from '../assertion-ref.js';
import type { AssertionType } from '../assertion-type.js';
import type { Knowledge } from '../knowledge.js';

/** A refusal of an assertion that is well formed. `why` goes on after its name. */
export function refused(assertion: Assertion, reason: RefusalReason, why: string): AssertionRefusedError {
  return new AssertionRefusedError(`${assertion.toString()} ${why}`, {
    stage: 'check',
    reason,
    type: assertion.type.name,
    assertion: assertion.toString(),
  });
}

/** What snapd acts on must come from a root of trust itself, not from whoever a root has given a key. */
export function requireTrustedAuthority(assertion: Assertion, knowledge: Knowledge): void {
  if (!knowledge.isTrustedAccount(assertion.authorityId)) {
    throw refused(assertion, 'not-trusted-authority', `is not signed by a trusted authority: ${assertion.authorityId}`);
  }
}

/** @throws AssertionRefusedError where there is no such verified assertion */
export async function requireKnown(
  assertion: Assertion,
  knowledge: Knowledge,
  type: AssertionType,
  primaryKey: readonly string[],
): Promise<Assertion> {
  const ref = new AssertionRef(type, primaryKey);
  const found = await knowledge.find(ref);
  if (found === null)
    throw refused(assertion, 'prerequisite-missing', `needs ${ref.toString()}, which is not there or does not hold`);
  return found;
}
