import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { signerKeyId } from '../../formats/bundle/index.js';
import { RsaPublicKey } from '../../formats/openpgp/index.js';
import { KeyPair } from './key-pair.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const PASSPHRASE = 'planted passphrase';

const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const encrypted = {
  pkcs8: rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }),
  pkcs1: rsa.privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: PASSPHRASE }),
};

function read(text: string | Buffer, passphrase: string | null = null): KeyPair {
  return KeyPair.read(Buffer.from(text), passphrase);
}

describe('KeyPair.read', () => {
  it('reads every form of a key as the same key', () => {
    const forms = [
      read(pkcs8(rsa.privateKey)),
      read(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' })),
      read(`a comment\n${pkcs8(rsa.privateKey)}`),
      read(pkcs8(rsa.privateKey).replaceAll('\n', '\r\n')),
      read(encrypted.pkcs8, PASSPHRASE),
      read(encrypted.pkcs1, PASSPHRASE),
      KeyPair.fromDer(read(pkcs8(rsa.privateKey)).privateDer()),
    ];
    for (const { id, algorithm, publicPem } of forms) {
      expect({ id, algorithm }).toEqual({ id: RsaPublicKey.fromKeyObject(rsa.publicKey).id, algorithm: 'rsa' });
      expect(publicPem).toBe(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
    }
    const { x = '' } = ed25519.publicKey.export({ format: 'jwk' });
    expect(read(pkcs8(ed25519.privateKey))).toMatchObject({
      id: signerKeyId(Buffer.from(x, 'base64url')),
      algorithm: 'ed25519',
    });
  });

  it.each([
    ['pkcs8', encrypted.pkcs8],
    ['pkcs1', encrypted.pkcs1],
  ])('tells a missing passphrase from a wrong one (%s)', (_, text) => {
    expect(caught(() => read(text))).toMatchObject({ code: 'key-passphrase-needed' });
    const wrong = caught(() => read(text, 'planted other'));
    expect(wrong).toMatchObject({ code: 'wrong-passphrase' });
    expect(String(wrong) + JSON.stringify(wrong)).not.toContain('planted');
  });

  const jwk = rsa.privateKey.export({ format: 'jwk' });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

  it.each([
    ['nothing', '', /no private key/],
    ['a secret of another kind', 'planted-secret', /no private key/],
    ['a broken PEM', pkcs8(rsa.privateKey).slice(0, 400), /no private key/],
    ['a public key', rsa.publicKey.export({ type: 'spki', format: 'pem' }), /the private one is needed/],
    ['a PKCS#1 public key', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }), /the private one is needed/],
    ['a small key', pkcs8(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /1024 bits/],
    ['another curve', pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), /a key for ec;/],
    ['RSA-PSS', pkcs8(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey), /a key for rsa-pss;/],
    [
      'a large exponent',
      pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 0x1000001 }).privateKey),
      /exponent is too large/,
    ],
    ['more than a key', `${pkcs8(rsa.privateKey)}${'x'.repeat(65_536)}`, /no more than/],
    [
      'an OpenPGP message',
      '-----BEGIN PGP MESSAGE-----\n\nplanted\n-----END PGP MESSAGE-----\n',
      /OpenPGP private key/,
    ],
    ['halves of two keys', mixed({ ...jwk, n: other.n! }), /do not fit/],
  ])('refuses %s, and repeats nothing of it', (_, text, message) => {
    const error = caught(() => read(text));
    expect(error).toMatchObject({ code: 'key-not-usable', message: expect.stringMatching(message) as string });
    expect(String(error) + JSON.stringify(error)).not.toContain('planted');
  });

  it('knows which key its role can use', () => {
    const [one, two] = [read(pkcs8(rsa.privateKey)), read(pkcs8(ed25519.privateKey))];
    for (const role of ['identity', 'authority', 'other'] as const)
      expect(() => {
        one.checkFits(role);
      }).not.toThrow();
    for (const role of ['signer', 'other'] as const)
      expect(() => {
        two.checkFits(role);
      }).not.toThrow();
    expect(() => {
      one.checkFits('signer');
    }).toThrow(/the signer key is an ed25519 key/);
    expect(() => {
      two.checkFits('identity');
    }).toThrow(/the identity key is an rsa key/);
    expect(() => {
      two.checkFits('authority');
    }).toThrow(/the authority key is an rsa key/);
  });
});

describe('KeyPair.make', () => {
  it('does not begin when it is already told to stop', async () => {
    await expect(KeyPair.make('rsa', { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  });

  it('says at once what it begins, and how long it takes', async () => {
    const told: string[] = [];
    await KeyPair.make('ed25519', { onProgress: ({ step, elapsedMs }) => told.push(`${step} ${elapsedMs}`) });
    expect(told[0]).toBe('making an Ed25519 key 0');
  });
});

/** A PEM that parses, of numbers that do not belong together. */
function mixed(jwk: Record<string, unknown>): string {
  const numbers = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) =>
    integer(Buffer.from(String(jwk[name]), 'base64url')),
  );
  const der = tagged(0x30, Buffer.concat([Buffer.of(2, 1, 0), ...numbers]));
  return `-----BEGIN RSA PRIVATE KEY-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END RSA PRIVATE KEY-----\n`;
}

function integer(bytes: Buffer): Buffer {
  return tagged(2, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
