import { createHmac } from 'node:crypto';

/** Every key goes through this first, so that keys of any length will do (libmacaroons: generate_derived_key). */
const GENERATOR = 'macaroons-key-generator';
const ZERO_KEY = Buffer.alloc(32);

export const SIGNATURE_BYTES = 32;

export function hash(key: Uint8Array | string, content: Uint8Array): Buffer {
  return createHmac('sha256', key).update(content).digest();
}

/** Over two things at once, so that neither can grow at the cost of the other. */
export function hashBoth(key: Uint8Array, one: Uint8Array, other: Uint8Array): Buffer {
  return hash(key, Buffer.concat([hash(key, one), hash(key, other)]));
}

export function derivedKey(key: Uint8Array): Buffer {
  return hash(GENERATOR, key);
}

/** The signature of a discharge that goes together with this root macaroon and with no other. */
export function boundSignature(root: Buffer, discharge: Buffer): Buffer {
  return root.equals(discharge) ? root : hashBoth(ZERO_KEY, root, discharge);
}
