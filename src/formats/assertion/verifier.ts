import type { Clock } from '../../kernel/clock.js';
import { decodeSignature, InvalidOpenPgpError, type RsaPublicKey, verifySignature } from '../openpgp/index.js';
import type { Assertion } from './assertion.js';
import { AssertionRefusedError } from './assertion.errors.js';
import { AssertionRef, printable } from './assertion-ref.js';
import { checkDate } from './header-checks.js';
import type { Knowledge } from './knowledge.js';
import type { TrustedRoots } from './trusted-roots.js';
import { accountKeyType, isKeyValidAt, mayKeySign, publicKeyOf, validityOf } from './types/account-key.js';
import { refused } from './types/consistency.js';

/** Assertions that were verified before, such as a store's own. */
export type VerifiedSource = Omit<Knowledge, 'isTrustedAccount'>;

/** Looks for an assertion that may help to verify another; what it gives is verified like everything else. */
export type AssertionLookup = (ref: AssertionRef) => Promise<Assertion | null>;

export interface Verdict {
  readonly assertion: Assertion;
  /** Null is: it holds. */
  readonly error: AssertionRefusedError | null;
  /** Ids of the keys from the one that signed it up to the root's; empty where it is refused or has no authority. */
  readonly chain: readonly string[];
}

export interface VerifierOptions {
  readonly roots: TrustedRoots;
  readonly clock: Clock;
  readonly known?: VerifiedSource;
  /**
   * An assertion may be signed by any revision of its account-key that holds, not only by the newest: for files that were
   * collected over the years and are judged by themselves. A store keeps one revision, and that one decides.
   */
  readonly byKeysOfAnyRevision?: boolean;
}

const RANKS = [0, 1, 2, 3] as const;
const MAX_LOOKUPS = 1000;

/**
 * Verifies assertions as snapd's database checks them (asserts/database.go): a key that is known, belongs to the authority, is valid now and was
 * when the assertion was made, and may sign it; the signature; and the rules of the type against what else is verified. Nothing is believed
 * because it lies in the same batch: it must hold itself, up to a root.
 */
export class AssertionVerifier {
  constructor(private readonly options: VerifierOptions) {}

  /**
   * Verifies a batch whose members may need each other, in any order. Assertions that only hold each other up in a circle are
   * refused. Different revisions of one assertion are each judged; for others the newest that holds counts.
   * @returns one verdict for each, in the order given
   */
  async verify(batch: readonly Assertion[]): Promise<Verdict[]> {
    const session = new VerificationSession(this.options);
    await session.verifyAll(batch);
    // One at a time: a source inside of a transaction has one connection.
    const verdicts: Verdict[] = [];
    for (const assertion of batch) verdicts.push(await session.verdict(assertion));
    return verdicts;
  }

  /**
   * Verifies one assertion with the help of others that are looked up as they turn out to be needed.
   * @throws AssertionRefusedError
   */
  async verifyOne(assertion: Assertion, lookup: AssertionLookup): Promise<Verdict> {
    const batch = [assertion];
    const asked = new Set<string>();
    for (;;) {
      const session = new VerificationSession(this.options);
      await session.verifyAll(batch);
      const verdict = await session.verdict(assertion);
      if (verdict.error === null) return verdict;
      const wanted = session.missing().filter((ref) => !asked.has(ref.id));
      const found: Assertion[] = [];
      for (const ref of wanted.slice(0, MAX_LOOKUPS - asked.size)) {
        asked.add(ref.id);
        const help = await lookup(ref);
        if (help !== null) found.push(help);
      }
      if (found.length === 0) throw verdict.error;
      batch.push(...found);
    }
  }
}

/** One run over one batch. */
class VerificationSession implements Knowledge {
  /** Newest first. */
  private readonly verified = new Map<string, Assertion[]>();
  /** What `options.known` has, as far as it was asked. */
  private readonly known = new Map<string, Assertion | null>();
  private readonly errors = new Map<Assertion, AssertionRefusedError>();
  private readonly signatureHolds = new Set<Assertion>();
  private readonly wanted = new Map<string, AssertionRef>();
  private readonly now: Date;

  constructor(private readonly options: VerifierOptions) {
    this.now = options.clock.now();
  }

  async verifyAll(batch: readonly Assertion[]): Promise<void> {
    const newestFirst = [...new Set(batch)].sort((left, right) => right.revision - left.revision);
    for (const rank of RANKS) await this.verifyRank(newestFirst.filter((assertion) => assertion.type.rank === rank));
  }

  async verdict(assertion: Assertion): Promise<Verdict> {
    const error = this.errors.get(assertion) ?? null;
    return { assertion, error, chain: error === null ? await this.chainOf(assertion) : [] };
  }

  /** What was asked for and is not there. */
  missing(): AssertionRef[] {
    return [...this.wanted.values()];
  }

  async find(ref: AssertionRef): Promise<Assertion | null> {
    const root = this.options.roots.find(ref);
    if (root !== null) return root;
    const ours = this.verified.get(ref.id)?.[0] ?? null;
    const known = await this.findKnown(ref);
    const found = ours === null || (known !== null && known.revision > ours.revision) ? known : ours;
    if (found === null) this.wanted.set(ref.id, ref);
    return found;
  }

  /** Many assertions ask for the same few. */
  private async findKnown(ref: AssertionRef): Promise<Assertion | null> {
    const before = this.known.get(ref.id);
    if (before !== undefined) return before;
    const known = (await this.options.known?.find(ref)) ?? null;
    this.known.set(ref.id, known);
    return known;
  }

  async accountKeysNamed(accountId: string, name: string): Promise<readonly Assertion[]> {
    const here = [...this.options.roots.all(), ...[...this.verified.values()].flat()].filter((key) => {
      return key.type === accountKeyType && key.text('account-id') === accountId && key.text('name') === name;
    });
    return [...here, ...((await this.options.known?.accountKeysNamed(accountId, name)) ?? [])];
  }

  isTrustedAccount(accountId: string): boolean {
    return this.options.roots.isTrustedAccount(accountId);
  }

  /** Again and again over those that lack something, as long as that verifies another. */
  private async verifyRank(assertions: readonly Assertion[]): Promise<void> {
    let pending = assertions;
    for (let hasProgressed = true; hasProgressed;) {
      hasProgressed = false;
      const stillPending: Assertion[] = [];
      for (const assertion of pending) {
        const error = await this.tryCheck(assertion);
        if (error === null) {
          this.accept(assertion);
          hasProgressed = true;
        } else {
          this.errors.set(assertion, error);
          if (mayChange(error)) stillPending.push(assertion);
        }
      }
      pending = stillPending;
    }
  }

  private accept(assertion: Assertion): void {
    this.errors.delete(assertion);
    const revisions = [...(this.verified.get(assertion.ref.id) ?? []), assertion];
    this.verified.set(
      assertion.ref.id,
      revisions.sort((left, right) => right.revision - left.revision),
    );
    this.wanted.delete(assertion.ref.id);
  }

  private async tryCheck(assertion: Assertion): Promise<AssertionRefusedError | null> {
    try {
      await this.check(assertion);
      return null;
    } catch (error) {
      if (error instanceof AssertionRefusedError) return error;
      throw error;
    }
  }

  private async check(assertion: Assertion): Promise<void> {
    const { type, format } = assertion;
    if (format > type.maxFormat) {
      throw refused(
        assertion,
        'format-unsupported',
        `has format ${format}, and ${type.maxFormat} is the latest supported`,
      );
    }
    if (type.authority === 'none') {
      this.checkSignature(assertion, await type.signingKey(assertion, this));
    } else if (type.trust === 'repair') {
      await this.checkSignedBelowRepairRoot(assertion);
    } else {
      await this.checkSignedByAuthority(assertion);
    }
    await type.checkConsistency(assertion, this);
  }

  private async checkSignedByAuthority(assertion: Assertion): Promise<void> {
    const accountKeys = await this.accountKeysOf(assertion);
    const usable = accountKeys.filter((accountKey) => this.whyUnusable(assertion, accountKey) === null);
    const [first] = usable;
    // All revisions of an account-key have the same key in them: its id is its digest.
    if (first === undefined) throw this.whyUnusable(assertion, accountKeys[0]) ?? keyUnknown(assertion);
    this.checkSignature(assertion, publicKeyOf(first));
    if (!assertion.type.isTimestamped) return;
    const issuedAt = checkDate(assertion.headers, 'timestamp');
    if (usable.some((accountKey) => isKeyValidAt(accountKey, issuedAt))) return;
    const why = `was issued at ${issuedAt.toISOString()}, outside of its signing key's validity (${validityText(first)})`;
    throw refused(assertion, 'key-not-valid-then', why);
  }

  /**
   * Repairs have roots of trust of their own, for which no other stands in. When their keys are valid is not asked: a device that
   * has to be repaired may have lost its clock (snapd: cmd/snap-repair/runner.go, Verify).
   */
  private async checkSignedBelowRepairRoot(repair: Assertion): Promise<void> {
    const seen = new Set<string>();
    for (let signed = repair; ;) {
      const root = this.options.roots.findRepairKey(signed.signKeyId);
      const key = root ?? (await this.find(new AssertionRef(accountKeyType, [signed.signKeyId])));
      if (key === null) throw keyUnknown(signed);
      const why = whyNotSigner(signed, key);
      if (why !== null) throw why;
      this.checkSignature(signed, publicKeyOf(key));
      if (root !== null) return;
      if (seen.has(key.ref.id)) {
        throw refused(
          repair,
          'not-below-repair-root',
          'is signed by a key that no root of trust for repairs vouches for',
        );
      }
      seen.add(key.ref.id);
      signed = key;
    }
  }

  /** The one that counts first. */
  private async accountKeysOf(assertion: Assertion): Promise<readonly [Assertion, ...Assertion[]]> {
    const ref = new AssertionRef(accountKeyType, [assertion.signKeyId]);
    const newest = await this.find(ref);
    if (newest === null) throw keyUnknown(assertion);
    if (this.options.byKeysOfAnyRevision !== true || this.options.roots.find(ref) !== null) return [newest];
    return [newest, ...(this.verified.get(ref.id) ?? [])];
  }

  private whyUnusable(assertion: Assertion, accountKey: Assertion): AssertionRefusedError | null {
    if (accountKey.text('account-id') === assertion.authorityId && !isKeyValidAt(accountKey, this.now)) {
      const why = `is signed with a key that is not valid now (${validityText(accountKey)})`;
      return refused(assertion, 'key-not-valid-now', why);
    }
    return whyNotSigner(assertion, accountKey);
  }

  private checkSignature(assertion: Assertion, key: RsaPublicKey): void {
    if (this.signatureHolds.has(assertion)) return;
    try {
      const signature = decodeSignature(assertion.signature.toString('latin1'));
      try {
        verifySignature(assertion.content, signature, key);
      } catch (error) {
        throw asRefusal(assertion, 'signature-wrong', error);
      }
    } catch (error) {
      throw asRefusal(assertion, 'signature-malformed', error);
    }
    this.signatureHolds.add(assertion);
  }

  private async chainOf(assertion: Assertion): Promise<string[]> {
    const chain: string[] = [];
    let id = assertion.type.authority === 'account' ? assertion.signKeyId : '';
    while (id !== '' && !chain.includes(id)) {
      chain.push(id);
      const ref = new AssertionRef(accountKeyType, [id]);
      id = this.options.roots.isTrusted(ref) ? '' : ((await this.find(ref))?.signKeyId ?? '');
    }
    return chain;
  }
}

/** Why the key may not sign this at any time, or null. */
function whyNotSigner(assertion: Assertion, accountKey: Assertion): AssertionRefusedError | null {
  const { authorityId } = assertion;
  const owner = accountKey.text('account-id');
  if (owner !== authorityId) {
    return refused(
      assertion,
      'key-of-another-account',
      `is signed with a key of ${printable(owner)} and not of ${printable(authorityId)}`,
    );
  }
  if (!mayKeySign(accountKey, assertion.headers)) {
    return refused(assertion, 'key-constraints', "does not fit the signing key's constraints");
  }
  return null;
}

/** Whether another assertion's verification can make good what is wrong; a signature that is not one stays so. */
function mayChange(error: AssertionRefusedError): boolean {
  return !['format-unsupported', 'signature-malformed', 'signature-wrong'].includes(error.reason);
}

function keyUnknown(assertion: Assertion): AssertionRefusedError {
  const { authorityId, signKeyId } = assertion;
  const why = `is signed by ${printable(authorityId)} with key ${printable(signKeyId)}, which no verified account-key gives it`;
  return refused(assertion, 'key-unknown', why);
}

function validityText(accountKey: Assertion): string {
  const { since, until } = validityOf(accountKey);
  return `since ${since.toISOString()}${until === null ? '' : ` until ${until.toISOString()}`}`;
}

function asRefusal(assertion: Assertion, reason: 'signature-malformed' | 'signature-wrong', error: unknown): unknown {
  if (!(error instanceof InvalidOpenPgpError)) return error;
  return refused(assertion, reason, `has a bad signature: ${error.message}`);
}
