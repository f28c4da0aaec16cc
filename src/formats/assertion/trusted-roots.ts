import { InvalidOpenPgpError, decodeSignature, verifySignature } from '../openpgp/index.js';
import type { Assertion } from './assertion.js';
import { AssertionRefusedError } from './assertion.errors.js';
import { AssertionRef } from './assertion-ref.js';
import { accountKeyType, publicKeyOf } from './types/account-key.js';
import { accountType } from './types/account.js';

/**
 * The accounts and account-keys that are trusted without further proof, and assertions that are merely known beforehand
 * (snapd: DatabaseConfig's Trusted and OtherPredefined), and those that repairs are trusted from. Never changes.
 */
export class TrustedRoots {
  private constructor(
    private readonly trusted: ReadonlyMap<string, Assertion>,
    private readonly predefined: ReadonlyMap<string, Assertion>,
    private readonly repairKeys: ReadonlyMap<string, Assertion>,
  ) {}

  /**
   * @param trusted accounts and account-keys; each must be signed by one of the keys
   * @throws AssertionRefusedError
   */
  static of(trusted: readonly Assertion[], predefined: readonly Assertion[] = []): TrustedRoots {
    const byId = byNewest(trusted);
    for (const root of trusted) checkRoot(root, byId);
    return new TrustedRoots(byId, byNewest(predefined), new Map());
  }

  /** These and others. @throws AssertionRefusedError where one cannot be a root */
  with(trusted: readonly Assertion[]): TrustedRoots {
    const { trusted: all, predefined } = TrustedRoots.of(
      [...this.trusted.values(), ...trusted],
      [...this.predefined.values()],
    );
    return new TrustedRoots(all, predefined, this.repairKeys);
  }

  /**
   * These, and account-keys that repairs are trusted from, as from no other; for all else they are keys like others
   * (snapd: cmd/snap-repair/trusted.go).
   * @throws AssertionRefusedError where one is no account-key that a root has signed
   */
  withRepairKeys(accountKeys: readonly Assertion[]): TrustedRoots {
    for (const key of accountKeys) {
      if (key.type !== accountKeyType) throw notARoot(key, 'is no account-key');
      checkRoot(key, this.trusted);
    }
    return new TrustedRoots(this.trusted, this.predefined, byNewest([...this.repairKeys.values(), ...accountKeys]));
  }

  isTrustedAccount(accountId: string): boolean {
    return this.trusted.has(new AssertionRef(accountType, [accountId]).id);
  }

  isTrusted(ref: AssertionRef): boolean {
    return this.trusted.has(ref.id);
  }

  /** The account-key of this id, where repairs are trusted from it. */
  findRepairKey(keyId: string): Assertion | null {
    return this.repairKeys.get(new AssertionRef(accountKeyType, [keyId]).id) ?? null;
  }

  /** A root, or what is known beforehand. */
  find(ref: AssertionRef): Assertion | null {
    return this.trusted.get(ref.id) ?? this.predefined.get(ref.id) ?? this.repairKeys.get(ref.id) ?? null;
  }

  /** All of them, roots first. */
  all(): readonly Assertion[] {
    return [...this.trusted.values(), ...this.predefined.values(), ...this.repairKeys.values()];
  }
}

function byNewest(assertions: readonly Assertion[]): ReadonlyMap<string, Assertion> {
  const byId = new Map<string, Assertion>();
  for (const assertion of assertions) {
    const other = byId.get(assertion.ref.id);
    if (other === undefined || other.revision < assertion.revision) byId.set(assertion.ref.id, assertion);
  }
  return byId;
}

function checkRoot(root: Assertion, byId: ReadonlyMap<string, Assertion>): void {
  if (root.type !== accountType && root.type !== accountKeyType) {
    throw notARoot(root, 'is neither an account nor an account-key');
  }
  const key = byId.get(new AssertionRef(accountKeyType, [root.signKeyId]).id);
  if (key === undefined) throw notARoot(root, `is signed by ${root.signKeyId}, which is no root`);
  try {
    verifySignature(root.content, decodeSignature(root.signature.toString('latin1')), publicKeyOf(key));
  } catch (error) {
    if (!(error instanceof InvalidOpenPgpError)) throw error;
    throw notARoot(root, `is damaged: ${error.message}`, { cause: error });
  }
}

function notARoot(root: Assertion, why: string, options?: ErrorOptions): AssertionRefusedError {
  const refusal = { stage: 'check', reason: 'root-clash', type: root.type.name, assertion: root.toString() } as const;
  return new AssertionRefusedError(`${root.toString()} cannot be a root of trust: it ${why}`, refusal, options);
}
