import {
  type Assertion,
  type AssertionRef,
  AssertionVerifier,
  prerequisites,
  type TrustedRoots,
} from '../../../formats/assertion/index.js';
import type { Clock } from '../../../kernel/clock.js';
import type { OnlineStore } from '../../upstream/index.js';
import { aboutSubject, FetchRefusedError } from '../fetch.errors.js';

/** A store has a handful for each snap; what goes on without end is no chain. */
const MAX_ASSERTIONS = 50_000;

export interface AssertionChainsOptions {
  readonly store: OnlineStore;
  readonly roots: TrustedRoots;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Brings assertions from an online store with everything that they need, up to a trusted root, and proves them. Each is asked
 * for once, however many need it.
 */
export class AssertionChains {
  private readonly fetched = new Map<string, Promise<Assertion | null>>();

  constructor(private readonly options: AssertionChainsOptions) {}

  /**
   * One assertion as the store has it, not proven yet; null where the store has none.
   * @param subject for whose sake, for messages
   * @throws FetchRefusedError, FetchFailedError
   */
  find(subject: string, ref: AssertionRef): Promise<Assertion | null> {
    const before = this.fetched.get(ref.id);
    if (before !== undefined) return before;
    if (this.fetched.size >= MAX_ASSERTIONS) {
      throw new FetchRefusedError(subject, `needs more than ${MAX_ASSERTIONS} assertions`);
    }
    const { store, signal } = this.options;
    const asked = aboutSubject(subject, () => store.assertion(ref.type.name, ref.reducedPrimaryKey, { signal }));
    this.fetched.set(ref.id, asked);
    // Who asks for it awaits it; until then a failure must not count as unhandled.
    asked.catch(() => undefined);
    return asked;
  }

  /**
   * Takes in an assertion that came another way, so that it is not asked for again.
   * @returns it
   */
  take(assertion: Assertion): Assertion {
    this.fetched.set(assertion.ref.id, Promise.resolve(assertion));
    return assertion;
  }

  /**
   * These and all that they need but what the roots hold, each once, and every one after those that it needs. All of them hold.
   * The order depends on nothing but what was given.
   * @throws FetchRefusedError where one is missing or does not hold; FetchFailedError
   */
  async proven(subject: string, wanted: readonly Assertion[]): Promise<Assertion[]> {
    const chain = await this.complete(subject, wanted);
    const { roots, clock } = this.options;
    for (const { assertion, error } of await new AssertionVerifier({ roots, clock }).verify(chain)) {
      if (error === null) continue;
      const said = error.message.startsWith(assertion.toString())
        ? error.message
        : `${assertion.toString()} ${error.message}`;
      throw new FetchRefusedError(subject, said, { cause: error });
    }
    return chain;
  }

  private async complete(subject: string, wanted: readonly Assertion[]): Promise<Assertion[]> {
    const ordered: Assertion[] = [];
    const seen = new Set<string>();
    // With a stack of its own: a hostile store can make chains that are longer than the call stack.
    const stack = wanted.map((assertion) => ({ assertion, isExpanded: false })).reverse();
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const { assertion } = top;
      if (top.isExpanded) {
        ordered.push(assertion);
        continue;
      }
      if (seen.has(assertion.ref.id) || this.options.roots.find(assertion.ref) !== null) continue;
      seen.add(assertion.ref.id);
      stack.push({ assertion, isExpanded: true });
      const needed = await this.needs(subject, assertion);
      for (const each of needed.reverse()) stack.push({ assertion: each, isExpanded: false });
    }
    return ordered;
  }

  private async needs(subject: string, assertion: Assertion): Promise<Assertion[]> {
    const refs = prerequisites(assertion).filter((ref) => this.options.roots.find(ref) === null);
    const found = await Promise.all(refs.map((ref) => this.find(subject, ref)));
    return found.map((one, index) => {
      if (one !== null) return one;
      const missing = refs[index]?.toString() ?? '';
      throw new FetchRefusedError(subject, `the store has no ${missing}, which ${assertion.toString()} needs`);
    });
  }
}
