import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

import { readArmoredSecretKey } from '../openpgp/index.js';

/** A secret as it travels: readable for whoever has the file, or sealed under the installation password. */
export type CarriedSecret =
  { readonly kind: 'clear'; readonly pem: string } | { readonly kind: 'sealed'; readonly text: string };

/** The forms of platform/sealing: opened by a passphrase wherever it is, or by this store alone. */
const SEALED = /^sealed-(?:scrypt-)?v1:[\w.:/@+=,-]+$/;
const SMALLEST_KEY_BITS = 2048;

/** The text of a secret, as it stands in a bundle. */
export function secretText(secret: CarriedSecret): string {
  return secret.kind === 'sealed' ? secret.text : secret.pem;
}

/** Null where it is not sealed. */
export function sealedSecret(text: string): CarriedSecret | null {
  const trimmed = text.trim();
  return SEALED.test(trimmed) ? { kind: 'sealed', text: trimmed } : null;
}

/**
 * An RSA private key as PEM (PKCS #8 or #1), as armored OpenPGP, or as base64 of PEM or DER: bundles of other products spell it
 * in more than one way. Null where it is none of them, is protected by a passphrase, or is too short to be relied upon.
 */
export function readPrivateKey(text: string): KeyObject | null {
  return firstThat(isLongRsa, [
    () => createPrivateKey(text),
    () => readArmoredSecretKey(text),
    () => createPrivateKey(decoded(text)),
    () => createPrivateKey({ key: decoded(text), format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: decoded(text), format: 'der', type: 'pkcs1' }),
  ]);
}

/** An RSA public key as PEM, or as base64 of PEM or DER; null where it is neither. */
export function readPublicKey(text: string): KeyObject | null {
  // Node.js would take a private key here, and derive.
  if (text.includes('PRIVATE')) return null;
  return firstThat(isLongRsa, [
    () => createPublicKey(text),
    () => createPublicKey({ key: decoded(text), format: 'der', type: 'spki' }),
    () => createPublicKey({ key: decoded(text), format: 'der', type: 'pkcs1' }),
    () => publicFromText(decoded(text).toString('latin1')),
  ]);
}

export function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** Whether both are halves of one pair. */
export function isPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  return createPublicKey(privateKey).equals(publicKey);
}

function publicFromText(text: string): KeyObject {
  if (text.includes('PRIVATE')) throw new TypeError('not a public key');
  return createPublicKey(text);
}

/** @throws TypeError unless it is base64 */
function decoded(text: string): Buffer {
  const plain = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) throw new TypeError('not base64');
  return Buffer.from(plain, 'base64');
}

function isLongRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= SMALLEST_KEY_BITS;
}

function firstThat(fits: (key: KeyObject) => boolean, readings: readonly (() => KeyObject)[]): KeyObject | null {
  for (const read of readings) {
    try {
      const key = read();
      if (fits(key)) return key;
    } catch {
      // It is not in this spelling.
    }
  }
  return null;
}
