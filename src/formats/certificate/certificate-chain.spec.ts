import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';

import { makeCertificate, makeChain, type TestCertificate } from '../../../test/support/certificates.js';
import { isSelfSigned, readCertificateChain, readPrivateKey } from './certificate-chain.js';
import { CertificateRefusedError } from './certificate.errors.js';
import { toPem } from './pem-pieces.js';

let root: TestCertificate;
let intermediate: TestCertificate;
let leaf: TestCertificate;

beforeAll(async () => {
  ({ root, intermediate, leaf } = await makeChain({ name: 'snaps.internal', dns: ['snaps.internal'], kind: 'rsa' }));
});

const namesIn = (pem: string): string[] => readCertificateChain(pem).certificates.map(({ subject }) => subject);
const refusal = (pem: string): string => {
  try {
    readCertificateChain(pem);
  } catch (error) {
    expect(error).toBeInstanceOf(CertificateRefusedError);
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

describe(readCertificateChain.name, () => {
  it('sorts pieces of any order into the chain, the root at its end', () => {
    const pieces = [leaf.keyPem, root.pem, leaf.pem, intermediate.pem];
    const expected = ['CN=snaps.internal', 'CN=Test intermediate', 'CN=Test root'];
    for (const first of [...pieces]) {
      pieces.splice(pieces.indexOf(first), 1);
      pieces.push(first);
      expect(namesIn(pieces.join(''))).toEqual(expected);
      expect(namesIn([...pieces].reverse().join(''))).toEqual(expected);
    }
  });

  it('does without the root, and without anything but certificate and key', () => {
    expect(namesIn(leaf.pem + intermediate.pem + leaf.keyPem)).toEqual(['CN=snaps.internal', 'CN=Test intermediate']);
    expect(namesIn(leaf.keyPem + leaf.pem)).toEqual(['CN=snaps.internal']);
  });

  it('takes a key as PKCS#8, as PKCS#1 and as SEC 1 with its curve in front', async () => {
    const pkcs1 = leaf.key.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(readCertificateChain(leaf.pem + pkcs1).key.equals(leaf.key)).toBe(true);
    const ec = await makeCertificate({ name: 'ec', dns: ['ec'] });
    const sec1 = ec.key.export({ type: 'sec1', format: 'pem' }).toString();
    const curve = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    expect(readCertificateChain(curve + sec1 + ec.pem).key.equals(ec.key)).toBe(true);
    const ed25519 = await makeCertificate({ name: 'ed', dns: ['ed'], kind: 'ed25519' });
    expect(namesIn(ed25519.pem + ed25519.keyPem)).toEqual(['CN=ed']);
  });

  it('counts the same piece twice once, whatever stands around it', () => {
    const text = `Bag Attributes\r\n    friendlyName: store\r\n${leaf.pem.replaceAll('\n', '\r\n')}${leaf.pem.trimEnd()}`;
    expect(namesIn(`\uFEFF${leaf.pem}  ${leaf.keyPem.replaceAll('\n', '\n  ')}`)).toEqual(['CN=snaps.internal']);
    expect(namesIn(`\uFEFF${text}${leaf.keyPem}subject=CN = x\n${leaf.keyPem}`)).toEqual(['CN=snaps.internal']);
  });

  it('takes one certificate of a cross-signed authority, the one that lasts longest', async () => {
    const cross = await makeCertificate({
      name: 'Test intermediate',
      isAuthority: true,
      issuer: root,
      keys: intermediate.keys,
      to: new Date(Date.now() + 1_000_000_000_000),
    });
    const chain = readCertificateChain(leaf.pem + leaf.keyPem + intermediate.pem + cross.pem).certificates;
    expect(chain.map(({ validTo }) => new Date(validTo).getTime() > Date.now() + 500_000_000_000)).toEqual([
      false,
      true,
    ]);
  });

  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['nothing', () => '', /no PEM in the input/],
    ['text', () => 'hello\n', /no PEM in the input/],
    ['a key alone', () => leaf.keyPem, /a private key, but no certificate/],
    ['a certificate alone', () => leaf.pem, /a certificate, but no private key/],
    [
      'two keys',
      () => leaf.pem + leaf.keyPem + root.keyPem,
      /^piece 2 \(PRIVATE KEY, line \d+\) and piece 3 \(PRIVATE KEY, line \d+\) are two different private keys/,
    ],
    [
      'a key of another certificate',
      () => leaf.pem + intermediate.pem + root.keyPem,
      /^piece 3 .* does not belong to any of piece 1 \(CERTIFICATE, line 1\) of "snaps\.internal", piece 2 /,
    ],
    [
      'a renewed certificate beside the old one',
      async () => {
        const renewed = await makeCertificate({ ...leaf.plan, keys: leaf.keys });
        return leaf.pem + renewed.pem + leaf.keyPem;
      },
      /have the same key; leave out the older one/,
    ],
    [
      'a certificate that has no part in it',
      async () => leaf.pem + leaf.keyPem + (await makeCertificate({ name: 'Stranger', isAuthority: true })).pem,
      /^piece 3 .* of "Stranger" has no part in the chain of .*; what issued .* "snaps\.internal" is missing$/,
    ],
    [
      'a root without what lies between',
      () => leaf.pem + leaf.keyPem + root.pem,
      /of "Test root" has no part in the chain of .* is missing$/,
    ],
    [
      'an issuer of the right name with another key',
      async () => {
        const impostor = await makeCertificate({ name: 'Test intermediate', isAuthority: true });
        return leaf.pem + leaf.keyPem + impostor.pem;
      },
      /names piece 3 .* as its issuer, but that one's key has not signed it$/,
    ],
    [
      'an issuer that is no authority',
      async () => {
        const server = await makeCertificate({ name: 'A server', dns: ['a'] });
        const below = await makeCertificate({ name: 'Below', dns: ['b'], issuer: server });
        return below.pem + below.keyPem + server.pem;
      },
      /of "A server" is not an authority, and signed/,
    ],
    [
      'a short RSA key',
      async () => {
        const short = await makeCertificate({ name: 'short', dns: ['short'], kind: 'rsa-1024' });
        return short.pem + short.keyPem;
      },
      /^piece 2 .* has 1024 bits; RSA needs at least 2048$/,
    ],
    [
      'a key on a curve that TLS does not use',
      () => leaf.pem + keyOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
      /is on the curve secp256k1/,
    ],
    ['a key of another kind', () => leaf.pem + keyOf(generateKeyPairSync('x25519')), /is of the kind x25519/],
    [
      'a key under a passphrase (PKCS#8)',
      () =>
        leaf.pem + leaf.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      /^piece 2 \(ENCRYPTED PRIVATE KEY, line \d+\) is protected by a passphrase/,
    ],
    [
      'a key under a passphrase (PKCS#1)',
      () =>
        leaf.pem + leaf.key.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      /^piece 2 \(RSA PRIVATE KEY, line \d+\) is protected by a passphrase/,
    ],
    ['a request', () => toPem('CERTIFICATE REQUEST', Buffer.from('x')), /is a request for a certificate/],
    ['a public key', () => toPem('PUBLIC KEY', Buffer.from('x')), /is a public key/],
    ['something else', () => toPem('PGP MESSAGE', Buffer.from('x')), /is neither a certificate nor a private key/],
    [
      'a certificate of garbage',
      () => toPem('CERTIFICATE', Buffer.from('garbage')),
      /^piece 1 .* is not a certificate$/,
    ],
    [
      'a key of garbage',
      () => leaf.pem + toPem('PRIVATE KEY', Buffer.from('garbage')),
      /^piece 2 .* is not a private key$/,
    ],
    [
      'a body that is not base64',
      () => leaf.pem.replace(/\n.{10}/, '\n!!!!'),
      /^piece 1 .* its content is not base64$/,
    ],
    ['an empty piece', () => '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----', /content is not base64/],
    [
      'a piece without end',
      () => leaf.pem.replace(/-----END.*/s, ''),
      /^the CERTIFICATE that begins in line 1 does not end$/,
    ],
    [
      'a piece in a piece',
      () => leaf.pem.replace(/-----END.*/s, leaf.keyPem),
      /^the CERTIFICATE that begins in line 1 does/,
    ],
    [
      'an end without beginning',
      () => leaf.pem.split('\n').slice(1).join('\n'),
      /ends a CERTIFICATE that does not begin/,
    ],
    ['another end', () => leaf.pem.replace('END CERT', 'END KERT'), /ends a KERTIFICATE that does not begin/],
    ['a damaged boundary', () => leaf.pem.replace('-----\n', '----\n'), /^line 1 is a damaged PEM boundary$/],
    ['too many pieces', () => leaf.pem.repeat(33), /more than 32 pieces/],
    ['too much', () => 'x'.repeat(256 * 1024 + 1), /larger than 256 KiB/],
  ])('refuses %s', async (_what, make, message) => {
    expect(refusal(await make())).toMatch(message);
  });
});

describe(readPrivateKey.name, () => {
  it('takes exactly one', () => {
    expect(readPrivateKey(leaf.keyPem).key.equals(leaf.key)).toBe(true);
    expect(() => readPrivateKey(leaf.pem)).toThrow('one private key is needed');
    expect(() => readPrivateKey(leaf.keyPem + root.keyPem)).toThrow('one private key is needed');
  });
});

describe(isSelfSigned.name, () => {
  it('is about the signature, not the name alone', async () => {
    const namesake = await makeCertificate({ name: 'Test root', issuer: root, dns: ['x'] });
    expect(isSelfSigned(readCertificateChain(root.pem + root.keyPem).certificates[0])).toBe(true);
    expect(isSelfSigned(readCertificateChain(namesake.pem + namesake.keyPem).certificates[0])).toBe(false);
  });
});

function keyOf({ privateKey }: ReturnType<typeof generateKeyPairSync>): string {
  return (privateKey as unknown as { export(options: object): string }).export({ type: 'pkcs8', format: 'pem' });
}
