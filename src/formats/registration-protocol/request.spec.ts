import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { SigningKey } from '../assertion/index.js';
import { InvalidRegistrationRequestError, openRegistrationRequest, signRegistrationRequest } from './index.js';

const newKey = (bits = 2048) => new SigningKey(generateKeyPairSync('rsa', { modulusLength: bits }).privateKey);
const key = newKey();
const at = new Date('2026-01-01T00:00:00Z');
const request = {
  nonce: 'n1',
  authority: 'https://authority.lab',
  url: 'https://snaps.internal',
  answers: { use: 'lab' },
};
const signed = signRegistrationRequest(request, key, at);

describe(openRegistrationRequest.name, () => {
  it('reads what was signed, and by which key', () => {
    const opened = openRegistrationRequest(JSON.parse(JSON.stringify(signed)));
    expect(opened.request).toEqual(request);
    expect(opened.key.id).toBe(key.id);
  });

  const other = Buffer.from(JSON.stringify({ format: 1, ...request, url: 'https://evil.internal' })).toString('base64');
  const future = Buffer.from(JSON.stringify({ format: 2, ...request }));
  const purpose = Buffer.from('snap-store-proxy registration request, format 1\n\n');
  it.each<[string, unknown]>([
    ['no object', 'request'],
    ['nothing', null],
    ['another payload than was signed', { ...signed, payload: other }],
    ['the key of somebody else', { ...signed, 'public-key': newKey().publicKey.encode() }],
    ['the signature of something else', { ...signed, signature: key.sign(Buffer.from('something else'), at) }],
    ['a signature without its purpose', { ...signed, signature: key.sign(Buffer.from(signed.payload, 'base64'), at) }],
    ['no signature', { payload: signed.payload, 'public-key': signed['public-key'] }],
    ['a key that is none', { ...signed, 'public-key': 'AAAA' }],
    ['a weak key', signRegistrationRequest(request, newKey(1024), at)],
    ['a large payload', signRegistrationRequest({ ...request, answers: { use: 'x'.repeat(70_000) } }, key, at)],
    ['a huge payload', { ...signed, payload: 'A'.repeat(200_000) }],
    [
      'a format of the future',
      { ...signed, payload: future.toString('base64'), signature: key.sign(Buffer.concat([purpose, future]), at) },
    ],
    ['what has no URL', signRegistrationRequest({ ...request, url: '' }, key, at)],
  ])('refuses %s', (_, value) => {
    expect(() => openRegistrationRequest(value)).toThrow(InvalidRegistrationRequestError);
  });
});
