import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { SignerService } from '../../../src/modules/snap-import/index.js';
import { Scene } from './scene.js';

const scene = Scene.forEachTest();
const signers = (): SignerService => scene.store.context.get(SignerService);

function publicPem(type: 'ed25519' | 'x25519'): string {
  const pair = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  return pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

describe(SignerService.name, () => {
  it('knows whom it was told of, in that order, until it is told otherwise', async () => {
    const [one, two] = [publicPem('ed25519'), publicPem('ed25519')];
    const first = await signers().add(one, 'laptop');
    const second = await signers().add(two, 'other laptop');
    expect(first).toEqual({ keyId: expect.stringMatching(/^[\w-]{64}$/) as string, wasKnown: false });
    expect(await signers().add(one, 'again')).toEqual({ keyId: first.keyId, wasKnown: true });
    expect((await signers().list()).map(({ keyId, name, publicKey }) => [keyId, name, publicKey])).toEqual([
      [first.keyId, 'laptop', one],
      [second.keyId, 'other laptop', two],
    ]);
    await signers().remove(first.keyId);
    expect((await signers().list()).map(({ keyId }) => keyId)).toEqual([second.keyId]);
    await expect(signers().remove(first.keyId)).rejects.toMatchObject({ code: 'signer-not-known' });
  });

  it.each([
    ['no key', 'hello'],
    ['a key for something else', publicPem('x25519')],
    ['a private key', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ])('refuses %s', async (_, pem) => {
    await expect(signers().add(pem, 'x')).rejects.toMatchObject({ code: 'signer-key-invalid' });
    expect(await signers().list()).toEqual([]);
  });
});
