import type { AssertionRef } from './assertion-ref.js';
import type { Assertion } from './assertion.js';
import { prerequisites } from './registry.js';

export interface ChainSource {
  /** Whether whoever reads the chain has it anyway: then neither it nor what it needs is part of the chain. */
  isKnown(ref: AssertionRef): boolean;
  /** Finds what another needs. What it throws ends the collecting. */
  find(ref: AssertionRef, neededBy: Assertion): Promise<Assertion>;
}

/**
 * These assertions and all that they need, each once and every one after those that it needs: as `snap download` writes them. The
 * order depends on nothing but what was given. Nothing is verified.
 */
export async function withPrerequisites(wanted: readonly Assertion[], source: ChainSource): Promise<Assertion[]> {
  const ordered: Assertion[] = [];
  const seen = new Set<string>();
  // With a stack of its own: a chain may be longer than the call stack.
  const stack = wanted.map((assertion) => ({ assertion, isExpanded: false })).reverse();
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { assertion, isExpanded } = top;
    if (isExpanded) {
      ordered.push(assertion);
      continue;
    }
    if (seen.has(assertion.ref.id) || source.isKnown(assertion.ref)) continue;
    seen.add(assertion.ref.id);
    stack.push({ assertion, isExpanded: true });
    for (const ref of prerequisites(assertion).reverse()) {
      if (seen.has(ref.id) || source.isKnown(ref)) continue;
      stack.push({ assertion: await source.find(ref, assertion), isExpanded: false });
    }
  }
  return ordered;
}
