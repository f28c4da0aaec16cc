import { randomBytes } from 'node:crypto';

import { deriveBytes, encodeCost, parseCost, type ScryptCost } from '../passwords/scrypt.js';
import { checkPurpose, decrypt, encrypt, KEY_BYTES } from './cipher.js';
import { SealBrokenError, WrongPassphraseError } from './sealing.errors.js';

/** 128 MiB and about half a second: whoever gets hold of a carried file can try for as long as they like. */
export const PASSPHRASE_COST: ScryptCost = { ln: 17, r: 8, p: 1 };
const SALT_BYTES = 16;
const FORM = /^sealed-scrypt-v1:([a-z0-9=,]{1,30}):([\w-]{22}):([\w-]{38,}):([\w.:/@+-]{1,160})$/;

/**
 * Seals for somewhere else, where the passphrase is all that opens it (scrypt, AES-256-GCM). One line:
 * `sealed-scrypt-v1:COST:SALT:PAYLOAD:PURPOSE`, salt and payload in base64url.
 */
export async function sealWithPassphrase(plain: Uint8Array, passphrase: string, purpose: string): Promise<string> {
  checkPurpose(purpose);
  const salt = randomBytes(SALT_BYTES);
  const key = await deriveBytes(passphrase, salt, KEY_BYTES, PASSPHRASE_COST);
  return `sealed-scrypt-v1:${encodeCost(PASSPHRASE_COST)}:${salt.toString('base64url')}:${encrypt(plain, key, contextOf(purpose))}:${purpose}`;
}

/**
 * @throws WrongPassphraseError also where the text was changed without breaking its form: the two cannot be told apart
 * @throws SealBrokenError where it is no such text, or was sealed for another purpose
 */
export async function unsealWithPassphrase(text: string, passphrase: string, purpose: string): Promise<Buffer> {
  const [, costText = '', salt = '', payload = '', sealedFor = ''] = FORM.exec(text) ?? [];
  const cost = parseCost(costText);
  if (cost === null) throw new SealBrokenError('this is not a text that was sealed with a passphrase', { purpose });
  if (sealedFor !== purpose)
    throw new SealBrokenError(`this was sealed as ${sealedFor}, not as ${purpose}`, { purpose });
  const key = await deriveBytes(passphrase, Buffer.from(salt, 'base64url'), KEY_BYTES, cost);
  const plain = decrypt(payload, key, contextOf(purpose));
  if (plain === null) throw new WrongPassphraseError('the passphrase does not open this', { purpose });
  return plain;
}

function contextOf(purpose: string): string {
  return `sealed-scrypt-v1:${purpose}`;
}
