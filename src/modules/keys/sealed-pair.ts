import type { Sealing } from '../../platform/sealing/sealing.js';
import { KeyPair } from './key-pair.js';

export const KEY_PURPOSE = 'key/';

/** What a key's private half is sealed as. */
export function purposeOf(id: string): string {
  return `${KEY_PURPOSE}${id}`;
}

/** Opens a private half; the clear bytes do not stay in memory. @throws SealBrokenError, SealKeyUnusableError, WrongPassphraseError */
export async function unsealPair(sealing: Sealing, id: string, sealedPrivate: string): Promise<KeyPair> {
  const der = await sealing.unseal(sealedPrivate, purposeOf(id));
  try {
    return KeyPair.fromDer(der);
  } finally {
    der.fill(0);
  }
}
