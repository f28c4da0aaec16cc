import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { decodeMacaroon, encodeMacaroon, Macaroon } from '../../../formats/macaroon/index.js';
import { DeviceName } from '../device-name.js';
import { readSessionToken, writeSessionToken } from './session-token.js';

const KEY = randomBytes(32);
const NOW = new Date('2026-06-01T12:00:00Z');
const END = new Date('2026-06-02T12:00:00Z');
const DEVICE = { name: DeviceName.parse('acme/till/42'), keyId: 'k'.repeat(64) };
const token = writeSessionToken({ device: DEVICE, expiresAt: END }, KEY);

describe("a session's token", () => {
  it('says which device it is of, and until when it is good', () => {
    expect(readSessionToken(token, KEY, NOW)).toEqual({ device: DEVICE, expiresAt: END });
  });

  it('says nothing of a device that the store does not know', () => {
    const anonymous = writeSessionToken({ device: null, expiresAt: END }, KEY);
    expect(readSessionToken(anonymous, KEY, NOW)).toEqual({ device: null, expiresAt: END });
  });

  it('fits into a header, with the characters that snapd puts between quotes there', () => {
    expect(token).toMatch(/^[\w-]{100,400}$/);
  });

  it('is over at its end', () => {
    expect(readSessionToken(token, KEY, new Date(END.getTime() - 1))).not.toBeNull();
    expect(readSessionToken(token, KEY, END)).toBeNull();
  });

  it('is of no use where one bit of it was changed, or to a store with another secret', () => {
    const bytes = Buffer.from(token, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(readSessionToken(changed.toString('base64url'), KEY, NOW)).toBeNull();
    }
    expect(readSessionToken(token, randomBytes(32), NOW)).toBeNull();
  });

  it('can be narrowed by whoever holds it, and not widened', () => {
    const noon = '2026-06-01T13:00:00.000Z';
    const narrowed = decodeMacaroon(token).withCaveat(`time-before ${noon}`);
    expect(readSessionToken(encodeMacaroon(narrowed), KEY, NOW)?.expiresAt).toEqual(new Date(noon));
    const widened = decodeMacaroon(token).withCaveat('time-before 2099-01-01T00:00:00Z');
    expect(readSessionToken(encodeMacaroon(widened), KEY, NOW)?.expiresAt).toEqual(END);
    expect(readSessionToken(encodeMacaroon(widened), KEY, END)).toBeNull();
  });

  it.each(['time-before soon', 'time-before ', 'time-before', 'device is another', ''])(
    'is of no use with the condition "%s", which it does not know',
    (condition) => {
      const odd = encodeMacaroon(decodeMacaroon(token).withCaveat(condition));
      expect(readSessionToken(odd, KEY, NOW)).toBeNull();
    },
  );

  it('has an end: one that says none is not of this store', () => {
    const endless = Macaroon.create(null, decodeMacaroon(token).identifier, KEY);
    expect(readSessionToken(encodeMacaroon(endless), KEY, NOW)).toBeNull();
  });

  it.each(['', '-', 'x', 'x'.repeat(70_000), 'AgEFaGVsbG8', '{}'])('is no other text (%#)', (text) => {
    expect(readSessionToken(text, KEY, NOW)).toBeNull();
  });
});
