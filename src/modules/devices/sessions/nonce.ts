import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** snapd uses it at once. */
export const NONCE_LIFETIME_MS = 10 * 60_000;
/** Processes of one store may be on machines whose clocks differ. */
const CLOCKS_DIFFER_MS = 60_000;

/** The first byte keeps a nonce from beginning with a dash, and says how it is made. */
const VERSION = 1;
const TIME_AT = 1;
const TIME_BYTES = 6;
const ID_AT = TIME_AT + TIME_BYTES;
const ID_BYTES = 16;
const MAC_AT = ID_AT + ID_BYTES;
const MAC_BYTES = 16;
const NONCE_BYTES = MAC_AT + MAC_BYTES;

/** A nonce that this store has given out, and that may still be used. */
export interface ValidNonce {
  /** In hex; no two nonces have the same. */
  readonly id: string;
  readonly expiresAt: Date;
}

/**
 * A nonce says itself when it was given out, and carries a proof of whose it is: so nothing has to be kept for those who ask
 * for one and never come back, and whoever asks for millions fills nothing. What is kept is which have been used.
 */
export function mintNonce(key: Uint8Array, now: Date): string {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes[0] = VERSION;
  bytes.writeUIntBE(now.getTime(), TIME_AT, TIME_BYTES);
  randomBytes(ID_BYTES).copy(bytes, ID_AT);
  macOf(bytes, key).copy(bytes, MAC_AT);
  return bytes.toString('base64url');
}

/** Null for one that this store did not make, or whose time is over. */
export function readNonce(text: string, key: Uint8Array, now: Date): ValidNonce | null {
  const bytes = Buffer.from(text, 'base64url');
  // What is decoded leniently would otherwise have many spellings.
  if (bytes.length !== NONCE_BYTES || bytes.toString('base64url') !== text || bytes[0] !== VERSION) return null;
  if (!timingSafeEqual(macOf(bytes, key), bytes.subarray(MAC_AT))) return null;
  const mintedAt = bytes.readUIntBE(TIME_AT, TIME_BYTES);
  const age = now.getTime() - mintedAt;
  if (age < -CLOCKS_DIFFER_MS || age >= NONCE_LIFETIME_MS) return null;
  return { id: bytes.toString('hex', ID_AT, MAC_AT), expiresAt: new Date(mintedAt + NONCE_LIFETIME_MS) };
}

function macOf(nonce: Buffer, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(nonce.subarray(0, MAC_AT)).digest().subarray(0, MAC_BYTES);
}
