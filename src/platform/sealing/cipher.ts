import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PURPOSE = /^[\w.:/@+-]{1,160}$/;

export const KEY_BYTES = 32;

/** A purpose ends the line of a sealed text, in clear. @throws TypeError where it would not fit there */
export function checkPurpose(purpose: string): void {
  if (!PURPOSE.test(purpose)) throw new TypeError(`"${purpose}" cannot be the purpose of a sealed text`);
}

/** AES-256-GCM under a fresh random nonce: nonce, ciphertext and tag as base64url. The context is bound to it. */
export function encrypt(plain: Uint8Array, key: Buffer, context: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Null unless it was encrypted with this key and this context, and nothing was changed since. */
export function decrypt(payload: string, key: Buffer, context: string): Buffer | null {
  const bytes = Buffer.from(payload, 'base64url');
  // One text has one spelling.
  if (bytes.toString('base64url') !== payload) return null;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
