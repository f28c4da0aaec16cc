import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { mintNonce, NONCE_LIFETIME_MS, readNonce } from './nonce.js';

const KEY = randomBytes(32);
const NOW = new Date('2026-06-01T12:00:00Z');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

describe('a nonce', () => {
  it('is good for its time, and not a millisecond longer', () => {
    const nonce = mintNonce(KEY, NOW);
    expect(readNonce(nonce, KEY, NOW)?.expiresAt).toEqual(later(NONCE_LIFETIME_MS));
    expect(readNonce(nonce, KEY, later(NONCE_LIFETIME_MS - 1))).not.toBeNull();
    expect(readNonce(nonce, KEY, later(NONCE_LIFETIME_MS))).toBeNull();
  });

  it('is never the same twice, and never begins with a dash', () => {
    const nonces = Array.from({ length: 200 }, () => mintNonce(KEY, NOW));
    expect(new Set(nonces.map((nonce) => readNonce(nonce, KEY, NOW)?.id)).size).toBe(200);
    expect(nonces.filter((nonce) => nonce.startsWith('-'))).toEqual([]);
  });

  it('is taken from a process whose clock is a little ahead, and not from the future', () => {
    expect(readNonce(mintNonce(KEY, later(59_000)), KEY, NOW)).not.toBeNull();
    expect(readNonce(mintNonce(KEY, later(61_000)), KEY, NOW)).toBeNull();
  });

  it('is of no use where one bit of it was changed, or to a store with another secret', () => {
    const bytes = Buffer.from(mintNonce(KEY, NOW), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(readNonce(changed.toString('base64url'), KEY, NOW)).toBeNull();
    }
    expect(readNonce(bytes.toString('base64url'), randomBytes(32), NOW)).toBeNull();
  });

  it('has one spelling, so that it cannot be used twice under two', () => {
    const nonce = mintNonce(KEY, NOW);
    for (const other of [`${nonce}=`, `${nonce}A`, ` ${nonce}`, nonce.replaceAll('_', '/') + '\n', nonce.slice(0, -1)])
      expect(readNonce(other, KEY, NOW)).toBeNull();
  });

  it.each(['', '-', 'x'.repeat(52), 'x'.repeat(100_000), '\0'])('is no other text (%#)', (text) => {
    expect(readNonce(text, KEY, NOW)).toBeNull();
  });
});
