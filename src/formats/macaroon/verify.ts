import { timingSafeEqual } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';

import { boundSignature, derivedKey, hash, hashBoth } from './hashes.js';
import { type Caveat, type Macaroon, NONCE_BYTES } from './macaroon.js';
import { MacaroonRefusedError } from './macaroon.errors.js';

/** A discharge may itself need discharges. */
const MAX_DEPTH = 4;

/** Says whether a condition is met; one that it does not know is not. */
export type ConditionCheck = (condition: string) => boolean;

/**
 * Checks a macaroon of ours with the discharges that came with it: every signature, that each discharge is bound to this macaroon,
 * that each third-party caveat has one, that none is left over, and every condition in all of them.
 * @param key with which it was made
 * @throws MacaroonRefusedError; it does not say to a stranger how near he came
 */
export function verifyMacaroon(
  root: Macaroon,
  key: Uint8Array,
  discharges: readonly Macaroon[],
  holds: ConditionCheck,
): void {
  const verification = new Verification(root, discharges, holds);
  verification.check(root, derivedKey(key), 0);
  if (verification.unused.size > 0) throw new MacaroonRefusedError('a discharge belongs to no caveat of the macaroon');
}

class Verification {
  /** Each discharges one caveat, so that they cannot go round in circles. */
  readonly unused: Set<Macaroon>;

  constructor(
    private readonly root: Macaroon,
    discharges: readonly Macaroon[],
    private readonly holds: ConditionCheck,
  ) {
    this.unused = new Set(discharges);
  }

  check(macaroon: Macaroon, key: Uint8Array, depth: number): void {
    if (depth > MAX_DEPTH) throw new MacaroonRefusedError('the discharges are nested too deep');
    let signature = hash(key, macaroon.identifier);
    const unmet: string[] = [];
    const toDischarge: (() => void)[] = [];
    for (const caveat of macaroon.caveats) {
      const { id, verificationId } = caveat;
      if (verificationId === null) {
        const condition = id.toString('utf8');
        if (!this.holds(condition)) unmet.push(condition);
        signature = hash(signature, id);
      } else {
        const sealedWith = signature;
        toDischarge.push(() => {
          this.checkDischarge(caveat, verificationId, sealedWith, depth);
        });
        signature = hashBoth(signature, verificationId, id);
      }
    }
    const expected = macaroon === this.root ? signature : boundSignature(this.root.signature, signature);
    if (!isSame(expected, macaroon.signature))
      throw new MacaroonRefusedError('the signature of a macaroon does not hold');
    // A condition is something to speak about only once the signature says that it is ours.
    const [condition] = unmet;
    if (condition !== undefined) throw new MacaroonRefusedError(`the macaroon's condition "${condition}" is not met`);
    for (const check of toDischarge) check();
  }

  private checkDischarge(caveat: Caveat, verificationId: Buffer, signature: Buffer, depth: number): void {
    const discharge = [...this.unused].find(({ identifier }) => identifier.equals(caveat.id));
    if (discharge === undefined) throw new MacaroonRefusedError('a caveat of the macaroon is not discharged');
    this.unused.delete(discharge);
    this.check(discharge, unseal(verificationId, signature), depth + 1);
  }
}

function unseal(verificationId: Buffer, signature: Buffer): Uint8Array {
  const nonce = verificationId.subarray(0, NONCE_BYTES);
  try {
    return xsalsa20poly1305(signature, nonce).decrypt(verificationId.subarray(NONCE_BYTES));
  } catch (error) {
    throw new MacaroonRefusedError('a verification id in the macaroon cannot be read', {}, { cause: error });
  }
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
