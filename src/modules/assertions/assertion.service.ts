import { Injectable } from '@nestjs/common';

import {
  type Assertion,
  AssertionRef,
  AssertionRefusedError,
  type AssertionType,
  AssertionVerifier,
  type RefusalReason,
  type TrustedRoots,
  type Verdict,
  type VerifiedSource,
} from '../../formats/assertion/index.js';
import { Clock } from '../../kernel/clock.js';
import { Transaction } from '../../platform/database/transaction.js';
import { type AssertionFilter, type AssertionPage, AssertionRepository } from './assertion.repository.js';
import { TrustedRootsService } from './trusted-roots.service.js';

/**
 * What became of an assertion: it is new; it took the place of an older revision; it was there already, or is known to every snapd
 * anyway; a newer revision is there, and stays.
 */
export type AddOutcome = 'added' | 'updated' | 'unchanged' | 'older';

export interface AddReport {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly older: number;
  /** In the order given. */
  readonly outcomes: readonly { readonly assertion: Assertion; readonly outcome: AddOutcome }[];
}

const PAGE = 500;
/** What PostgreSQL's integer holds. */
const MAX_NUMBER = 2 ** 31 - 1;
/** An index entry has to fit into a third of a database page. */
const MAX_KEY_BYTES = 2000;

/** The assertion database: what is in it was verified up to a trusted root, and is handed out byte for byte. */
@Injectable()
export class AssertionService {
  constructor(
    private readonly assertions: AssertionRepository,
    private readonly trustedRoots: TrustedRootsService,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /** Verifies a batch against itself, the roots and what is held; nothing is kept. One verdict for each, in the order given. */
  async verify(batch: readonly Assertion[]): Promise<Verdict[]> {
    return (await this.verifier()).verify(batch);
  }

  /**
   * Verifies a batch and keeps it, all of it or nothing, as part of the transaction that surrounds the call (or of its own). Its members
   * may need each other, in any order. A higher revision takes the place of a lower one of the same format.
   * @throws AssertionRefusedError for the first that does not hold, that is no assertion to keep, that would take a root's
   * place, or that says something else under a revision that is held
   */
  async add(batch: readonly Assertion[]): Promise<AddReport> {
    return this.transaction.run(async () => {
      const roots = await this.trustedRoots.current();
      for (const { error } of await this.verify(batch)) if (error !== null) throw error;
      const outcomes = new Map<Assertion, AddOutcome>();
      for (const assertion of inLockOrder(batch)) outcomes.set(assertion, await this.addOne(assertion, roots));
      const isNews = ({ outcome }: { outcome: AddOutcome }) => outcome === 'added' || outcome === 'updated';
      const report = reportOf(batch, outcomes);
      await this.assertions.announce(report.outcomes.filter(isNews).map(({ assertion }) => assertion.ref));
      return report;
    });
  }

  /** The newest revision in the highest format up to this one (by default, up to what this program understands), or null. */
  async find(ref: AssertionRef, maxFormat: number = ref.type.maxFormat): Promise<Assertion | null> {
    const roots = await this.trustedRoots.current();
    const builtin = roots.find(ref);
    if (builtin !== null && roots.isTrusted(ref)) return builtin.format <= maxFormat ? builtin : null;
    return (
      (await this.assertions.find(ref, maxFormat)) ?? (builtin !== null && builtin.format <= maxFormat ? builtin : null)
    );
  }

  /** As `find`, of several of one type; in no order, and without those that are not held. */
  async findAll(type: AssertionType, keys: readonly (readonly string[])[]): Promise<Assertion[]> {
    const roots = await this.trustedRoots.current();
    const refs = keys.map((key) => new AssertionRef(type, key));
    const builtin = refs.flatMap((ref) => {
      const root = roots.find(ref);
      return root === null ? [] : [root];
    });
    const held = await this.assertions.findAll(type, keys, type.maxFormat);
    const heldIds = new Set(held.map(({ ref }) => ref.id));
    const isRoot = ({ ref }: Assertion): boolean => roots.isTrusted(ref) && roots.find(ref) !== null;
    // What is built into devices counts, whatever is held of it; what is only known beside it, where nothing is held.
    return [
      ...held.filter((assertion) => !isRoot(assertion)),
      ...builtin.filter((root) => isRoot(root) || !heldIds.has(root.ref.id)),
    ];
  }

  /** The highest in its sequence in a format up to this one, or null. `sequenceKey` is the primary key without its last part. */
  latest(
    type: AssertionType,
    sequenceKey: readonly string[],
    maxFormat: number = type.maxFormat,
  ): Promise<Assertion | null> {
    return this.assertions.latest(type, sequenceKey, maxFormat);
  }

  /** What is held, a page at a time; what every snapd knows anyway is not among it. */
  list(filter: AssertionFilter = {}, after: string | null = null, limit: number = PAGE): Promise<AssertionPage> {
    return this.assertions.page(filter, after, limit);
  }

  /** How many are held of each type. */
  counts(): Promise<ReadonlyMap<string, number>> {
    return this.assertions.counts();
  }

  /** Verifies all that is held once more, from the roots up and as of now. */
  async verifyHeld(): Promise<Verdict[]> {
    const held: Assertion[] = [];
    for (let after: string | null = null; ;) {
      const page = await this.assertions.page({}, after, PAGE);
      held.push(...page.assertions);
      if (page.next === null) break;
      after = page.next;
    }
    return new AssertionVerifier({ roots: await this.trustedRoots.current(), clock: this.clock }).verify(held);
  }

  private async verifier(): Promise<AssertionVerifier> {
    const known: VerifiedSource = {
      find: (ref) => this.assertions.find(ref, ref.type.maxFormat),
      accountKeysNamed: async (accountId, name) => {
        const filter = { type: 'account-key', headers: { 'account-id': accountId, name } };
        return (await this.assertions.page(filter, null, PAGE)).assertions;
      },
    };
    return new AssertionVerifier({ roots: await this.trustedRoots.current(), clock: this.clock, known });
  }

  private async addOne(assertion: Assertion, roots: TrustedRoots): Promise<AddOutcome> {
    const builtin = roots.find(assertion.ref);
    if (builtin !== null && roots.isTrusted(assertion.ref)) return this.beside(builtin, assertion);
    requireKeepable(assertion);
    const held = await this.assertions.lock(assertion);
    if (held !== null && held.revision >= assertion.revision) return compare(held, assertion);
    await this.assertions.put(assertion);
    return held === null ? 'added' : 'updated';
  }

  /** A root is built into devices: nothing can take its place, and what they would not take is not kept. */
  private beside(root: Assertion, assertion: Assertion): AddOutcome {
    if (root.revision < assertion.revision) {
      throw refusal(assertion, 'root-clash', 'is a root of trust and cannot be replaced');
    }
    return root.revision > assertion.revision ? 'older' : compare(root, assertion);
  }
}

/** Signing the same content again gives another signature and says nothing new. */
function compare(held: Assertion, assertion: Assertion): AddOutcome {
  if (held.revision > assertion.revision) return 'older';
  if (held.content.equals(assertion.content)) return 'unchanged';
  throw refusal(
    assertion,
    'revision-conflict',
    `says something else than what is held as its revision ${held.revision}`,
  );
}

function requireKeepable(assertion: Assertion): void {
  const { type, revision, format, sequence, primaryKey, content } = assertion;
  if (!type.isKept) throw refusal(assertion, 'not-stored', 'is a request to a service, and not kept');
  const isTooHigh = [revision, format, sequence ?? 0].some((number) => number > MAX_NUMBER);
  if (isTooHigh || Buffer.byteLength(primaryKey.join('/')) > MAX_KEY_BYTES || content.includes(0)) {
    throw refusal(assertion, 'not-stored', 'has a number, a key or a NUL that no store can keep');
  }
}

/** The newest revision of each first; by id, so that two who add the same ones do not wait for each other. */
function inLockOrder(batch: readonly Assertion[]): Assertion[] {
  return [...new Set(batch)].sort((left, right) => {
    return Buffer.compare(Buffer.from(left.ref.id), Buffer.from(right.ref.id)) || right.revision - left.revision;
  });
}

function reportOf(batch: readonly Assertion[], outcomes: ReadonlyMap<Assertion, AddOutcome>): AddReport {
  const listed = batch.map((assertion) => ({ assertion, outcome: outcomes.get(assertion) ?? 'unchanged' }));
  const count = (wanted: AddOutcome) => [...outcomes.values()].filter((outcome) => outcome === wanted).length;
  return {
    added: count('added'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    older: count('older'),
    outcomes: listed,
  };
}

function refusal(assertion: Assertion, reason: RefusalReason, why: string): AssertionRefusedError {
  const name = assertion.toString();
  return new AssertionRefusedError(`${name} ${why}`, {
    stage: 'check',
    reason,
    type: assertion.type.name,
    assertion: name,
  });
}
