import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { newSigner, signatureFile } from '../../../test/support/bundles.js';
import { ed25519Signer, rawPublicKey, signerKeyId, verifyManifestSignature } from './index.js';
import { signDocument } from './signature.js';

const manifest = Buffer.from('{"type":"snap-bundle"}\n');

describe(verifyManifestSignature.name, () => {
  it('says who signed these very bytes', async () => {
    const signer = newSigner();
    const file = await signDocument(manifest, signer);
    expect(verifyManifestSignature(manifest, file, 'x')).toEqual({ keyId: signer.keyId, publicKey: signer.publicKey });
  });

  it('writes the file as the specification spells it', async () => {
    const signer = newSigner();
    expect(await signDocument(manifest, signer)).toEqual(await signatureFile(manifest, signer));
  });

  it('is a plain Ed25519 signature of the bytes, and the key-id the digest of the plain key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signer = ed25519Signer(privateKey);
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    expect(rawPublicKey(publicKey).equals(spki.subarray(-32))).toBe(true);
    expect(signer.keyId).toBe(createHash('sha3-384').update(spki.subarray(-32)).digest('base64url'));
    expect(signerKeyId(signer.publicKey)).toBe(signer.keyId);
    expect(await signer.sign(manifest)).toEqual(sign(null, manifest, privateKey));
  });

  it('refuses the signature when one byte of the manifest is another', async () => {
    const file = await signDocument(manifest, newSigner());
    const changed = Buffer.from(manifest.toString().replace('snap-', 'snaP-'));
    expect(() => verifyManifestSignature(changed, file, 'x.tar.gz')).toThrow(
      expect.objectContaining({
        code: 'bundle-signature-refused',
        message: expect.stringMatching(/^x\.tar\.gz: bundle\.json\.sig: /) as string,
      }),
    );
  });

  it.each([
    ['another algorithm', (json: string) => json.replace('ed25519', 'ed448'), 'is not by the algorithm ed25519'],
    ['a cut key', (json: string) => json.replace(/"public-key":"..../, '"public-key":"'), 'no public key of 32 bytes'],
    [
      'a cut signature',
      (json: string) => json.replace(/"signature":"..../, '"signature":"'),
      'no signature of 64 bytes',
    ],
    [
      'base64 with a line break',
      (json: string) => json.replace('"signature":"', '"signature":"\\n'),
      'no signature of 64 bytes',
    ],
    ['a number for a key', (json: string) => json.replace(/"public-key":"[^"]*"/, '"public-key":1'), 'no public key'],
    ['a nested object', (json: string) => json.replace('"ed25519"', '{}'), 'is nested more than'],
    ['a key twice', (json: string) => json.replace('{', '{"signature":"",'), 'has the key "signature" twice'],
  ])('refuses %s', async (_what, spoil, reason) => {
    const file = Buffer.from(spoil((await signDocument(manifest, newSigner())).toString()));
    expect(() => verifyManifestSignature(manifest, file, 'x')).toThrow(reason);
  });
});

describe(ed25519Signer.name, () => {
  it('takes no other kind of key', () => {
    expect(() => ed25519Signer(generateKeyPairSync('ed25519').publicKey)).toThrow(TypeError);
    expect(() => ed25519Signer(generateKeyPairSync('x25519').privateKey)).toThrow(TypeError);
    expect(() => rawPublicKey(generateKeyPairSync('x25519').publicKey)).toThrow(TypeError);
  });
});
