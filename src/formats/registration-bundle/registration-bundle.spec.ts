import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TestAuthority } from '../../../test/support/test-authority.js';
import { encodeAssertionStream } from '../assertion/index.js';
import {
  bundleUrl,
  checkOpenedKey,
  decodeRegistrationBundle,
  encodeRegistrationBundle,
  type RegistrationBundle,
  RegistrationBundleError,
} from './index.js';

const authority = TestAuthority.create();
const FILE = 'registration_bundle.b64';
const pair = newPair();
const operator = authority.publisher('operator');
const store = storeFor('store-1', 'https://snaps.internal');

function newPair(modulusLength = 2048): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function storeFor(id: string, url: string | undefined, revision = 0) {
  const headers = { store: id, 'operator-id': 'operator', revision: String(revision) };
  return authority.sign('store', url === undefined ? headers : { ...headers, url });
}

const ours: RegistrationBundle = {
  domain: 'snaps.internal',
  url: 'https://snaps.internal',
  storeId: 'store-1',
  privateKey: { kind: 'clear', pem: pair.privateKey },
  publicKeyPem: pair.publicKey,
  assertions: [operator, store],
  certificate: { certPem: 'CERT', key: { kind: 'clear', pem: 'KEY' } },
  signerPem: 'SIGNER',
};

/** As Canonical's is documented. */
const theirs = {
  domain: 'snaps.internal',
  private_key: pair.privateKey,
  public_key: pair.publicKey,
  store_id: 'store-1',
  store_assertion: store.encoded.toString('utf8'),
};

const manyAccounts = () => Array.from({ length: 100 }, (_, number) => authority.publisher(`account${number}`));
const inBase64 = (value: unknown): Buffer => Buffer.from(Buffer.from(JSON.stringify(value)).toString('base64'));
const reading = (value: unknown) => decodeRegistrationBundle(inBase64(value), FILE);

describe('registration bundle', () => {
  it('is read as it was written', async () => {
    expect(await decodeRegistrationBundle(encodeRegistrationBundle(ours), FILE)).toEqual(ours);
  });

  it('is the same bytes for the same registration, on one line', () => {
    const bytes = encodeRegistrationBundle(ours);
    expect(bytes).toEqual(encodeRegistrationBundle({ ...ours }));
    expect(bytes.toString()).toMatch(/^[A-Za-z0-9+/=]+\n$/);
  });

  it("has the fields of Canonical's", () => {
    const fields: unknown = JSON.parse(Buffer.from(encodeRegistrationBundle(ours).toString(), 'base64').toString());
    expect(fields).toMatchObject(theirs);
  });

  it('carries a store that is its own authority', async () => {
    const own = { ...ours, storeId: null, assertions: [], certificate: null, signerPem: null };
    expect(await decodeRegistrationBundle(encodeRegistrationBundle(own), FILE)).toEqual(own);
  });

  it('keeps what is sealed sealed', async () => {
    const sealed = { ...ours, privateKey: { kind: 'sealed', text: 'sealed-scrypt-v1:c2FsdA:Ym94' } as const };
    const read = await decodeRegistrationBundle(encodeRegistrationBundle(sealed), FILE);
    expect(read.privateKey).toEqual(sealed.privateKey);
    expect(checkOpenedKey(pair.privateKey, read.publicKeyPem, FILE)).toBe(pair.privateKey);
    expect(() => checkOpenedKey(newPair().privateKey, read.publicKeyPem, FILE)).toThrow('not the other half');
    expect(() => checkOpenedKey('no key', read.publicKeyPem, FILE)).toThrow('not an RSA key');
  });

  it("reads Canonical's, with its chain from beside", async () => {
    const read = await decodeRegistrationBundle(inBase64(theirs), FILE, [
      operator,
      storeFor('store-1', 'https://snaps.internal'),
    ]);
    expect(read.assertions.map(String)).toEqual([String(operator), String(store)]);
    expect(read).toMatchObject({ storeId: 'store-1', url: null, certificate: null, signerPem: null });
    expect(bundleUrl(read)).toBe('https://snaps.internal');
  });

  it.each([
    ['PKCS #1', { private_key: pemOf('pkcs1') }],
    ['base64 of PEM', { private_key: b64(pair.privateKey), public_key: b64(pair.publicKey) }],
    ['base64 of DER', { private_key: pemBody(pair.privateKey), public_key: pemBody(pair.publicKey) }],
    ['a store assertion in base64', { store_assertion: b64(store.encoded) }],
    ['a stream as store assertion', { store_assertion: encodeAssertionStream([operator, store]).toString() }],
    ['a URL as domain', { domain: 'https://snaps.internal' }],
    ['the same URL written otherwise', { url: 'https://SNAPS.internal:443/' }],
    ['fields of others', { something: { else: 1 } }],
  ])('takes %s', async (_, change) => {
    const read = await reading({ ...theirs, ...change });
    expect(read.privateKey).toEqual({ kind: 'clear', pem: pair.privateKey });
    expect(read.publicKeyPem).toBe(pair.publicKey);
    expect(read.assertions.at(-1)).toEqual(store);
  });

  it.each([
    ['a domain that is none', { domain: 'a b' }, '"domain" is not a host name'],
    ['a domain with a path', { domain: 'snaps.internal/x' }, '"domain" is not a host name'],
    ['no domain', { domain: '' }, 'has no "domain"'],
    ['a number for a text', { domain: 7 }, '"domain" is not a text'],
    ['half a pair', { public_key: newPair().publicKey }, 'not halves of one pair'],
    ['no public key', { public_key: null }, 'not halves of one pair'],
    ['a sealed key alone', { private_key: 'sealed-scrypt-v1:AA', public_key: null }, 'no "public_key"'],
    ['a private key as public', { public_key: pair.privateKey }, '"public_key" is not'],
    ['a short key', { private_key: newPair(1024).privateKey }, '2048 bits'],
    ['a key of another kind', { private_key: ed25519Pem() }, 'not an RSA private key'],
    ['another store id', { store_id: 'store-2' }, 'its store assertion is for "store-1"'],
    ['no store id', { store_id: null }, 'its store assertion is for "store-1"'],
    ['no store assertion', { store_assertion: null }, 'no store assertion'],
    ['another domain', { domain: 'elsewhere.internal' }, 'its store assertion is for https://snaps.internal'],
    ['another URL', { url: 'http://snaps.internal' }, 'its store assertion is for https://snaps.internal'],
    ['a URL that is none', { url: 'ftp://snaps.internal' }, '"url" is not'],
    ['an assertion cut short', { store_assertion: theirs.store_assertion.slice(0, 60) }, 'holds no assertions'],
    ['two stores', { assertions: encodeAssertionStream([store, storeFor('s2', 'http://x')]).toString() }, '2 stores'],
    [
      'more assertions than a chain has',
      { assertions: encodeAssertionStream(manyAccounts()).toString() },
      'more than 100',
    ],
    ['a store without URL', { store_assertion: storeFor('store-1', undefined).encoded.toString() }, 'has no URL'],
    ['half a certificate', { certificate: 'CERT' }, 'certificate without its key'],
    ['a later format', { format: 2 }, 'format 2'],
    ['a format that is none', { format: -1 }, '"format" is not a number'],
  ])('refuses %s', async (_, change, reason) => {
    const refusal = reading({ ...theirs, ...change });
    await expect(refusal).rejects.toThrow(RegistrationBundleError);
    await expect(refusal).rejects.toThrow(reason);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'is not base64'],
    ['no base64', Buffer.from('{"domain":1}'), 'is not base64'],
    ['bits after the end of base64', Buffer.from('QR=='), 'is not base64'],
    ['no JSON', Buffer.from(b64('{"private_key": SECRET')), 'holds no JSON'],
    ['a list', inBase64([]), 'holds no JSON object'],
    ['a key twice', Buffer.from(b64('{"domain":"a","domain":"b"}')), 'twice'],
    ['deep nesting', Buffer.from(b64('['.repeat(100_000))), 'levels deep'],
    ['too many bytes', Buffer.alloc(1024 * 1024 + 1, 'A'), 'is larger than'],
  ])('refuses %s', async (_, bytes, reason) => {
    await expect(decodeRegistrationBundle(bytes, FILE)).rejects.toThrow(`${FILE}: `);
    await expect(decodeRegistrationBundle(bytes, FILE)).rejects.toThrow(reason);
  });

  it('never repeats a key in a refusal', async () => {
    const secret = pemBody(pair.privateKey).slice(40, 80);
    const broken = b64(JSON.stringify(theirs)).slice(0, -8);
    const refusals = await Promise.all(
      [Buffer.from(broken), inBase64({ ...theirs, private_key: `${pair.privateKey}x`.replace('BEGIN', 'BEGUN') })].map(
        (bytes) =>
          decodeRegistrationBundle(bytes, FILE).then(String, (error: unknown) =>
            JSON.stringify([String(error), error]),
          ),
      ),
    );
    for (const text of refusals) expect(text).not.toContain(secret);
  });

  it('gives an answer or a refusal of its own to whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.nat({ max: 40 }), async (json, cut) => {
        const bytes = Buffer.from(b64(json)).subarray(cut);
        const outcome = await decodeRegistrationBundle(bytes, FILE).catch((error: unknown) => error);
        expect(outcome).toBeInstanceOf(RegistrationBundleError);
      }),
      { numRuns: 300 },
    );
  });
});

function b64(text: string | Buffer): string {
  return Buffer.from(text).toString('base64');
}

function pemBody(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '');
}

function pemOf(type: 'pkcs1'): string {
  const der = { key: Buffer.from(pemBody(pair.privateKey), 'base64'), format: 'der', type: 'pkcs8' } as const;
  return createPrivateKey(der).export({ type, format: 'pem' }).toString();
}

function ed25519Pem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
