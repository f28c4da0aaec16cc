import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Assertion, encodeAssertionStream, SigningKey } from '../../../src/formats/assertion/index.js';
import { encodeRegistrationBundle, type RegistrationBundle } from '../../../src/formats/registration-bundle/index.js';
import { sealWithPassphrase } from '../../../src/platform/sealing/index.js';
import { TestAuthority } from '../../support/test-authority.js';
import { Scene } from './scene.js';

const PASSWORD = 'planted-install-password';
const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

// To start a program is what takes time: whatever is refused is typed at one store, which is to stay nobody's.
let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open();
});
afterAll(() => scene.close());

async function isNobody(): Promise<boolean> {
  const keys = (await scene.json('keys', 'list')) as { keys: unknown[] };
  return keys.keys.length === 0 && (await scene.must('status')).includes('Store ID: not registered\n');
}

function chain(authority = scene.authority): Assertion[] {
  const headers = { store: 'store-1', 'operator-id': 'testpublisher', url: 'https://snaps.internal' };
  return [authority.publisher('testpublisher'), authority.sign('store', headers)];
}

function bundle(changes: Partial<RegistrationBundle> = {}): Promise<string> {
  return scene.write(
    'registration_bundle.b64',
    encodeRegistrationBundle({
      domain: 'snaps.internal',
      url: 'https://snaps.internal',
      storeId: 'store-1',
      privateKey: { kind: 'clear', pem: pair.privateKey },
      publicKeyPem: pair.publicKey,
      assertions: chain(),
      certificate: null,
      signerPem: null,
      ...changes,
    }),
  );
}

/** Canonical's, as it is documented: the chain lies beside it. */
async function theirs(): Promise<string> {
  const store = chain().at(-1)?.encoded.toString();
  const fields = {
    domain: 'snaps.internal',
    private_key: pair.privateKey,
    public_key: pair.publicKey,
    store_id: 'store-1',
    store_assertion: store,
  };
  await scene.write('proxy.assert', encodeAssertionStream(chain()));
  return scene.write('registration_bundle.b64', Buffer.from(JSON.stringify(fields)).toString('base64'));
}

const keyId = new SigningKey(createPrivateKey(pair.privateKey)).id;

describe('register', () => {
  it.each([
    [['register'], 'three ways'],
    [['register', '--self-issued', '--from-bundle', 'x'], 'one way at a time'],
    [['register', '--from-bundle', 'x', '--arch', 'arm64'], '--arch goes with --offline or --self-issued'],
    [['register', '--self-issued', '--skip-questions'], '--skip-questions goes with --offline only'],
    [['register', '--self-issued', '--arch', 'riscv64'], 'architecture-unsupported'],
    [['register', '--self-issued', '--install-password', ''], '--install-password is empty'],
  ])('%j is wrong usage', async (args, reason) => {
    const refused = await scene.run(args);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(reason);
  });
});

describe('register --from-bundle', () => {
  it.each<[string, number, string, () => Promise<string>]>([
    ['is no bundle', 3, 'registration-bundle-invalid', () => scene.write('x.b64', 'nonsense')],
    ['is not there', 1, 'file-not-found', () => Promise.resolve('/nowhere/x.b64')],
    [
      'nobody trusted signed',
      3,
      'registration-refused',
      () => bundle({ assertions: chain(TestAuthority.create('stranger')) }),
    ],
    ['lacks the operator', 3, 'registration-refused', () => bundle({ assertions: chain().slice(1) })],
    ['is for another key', 3, 'registration-bundle-invalid', () => bundle({ publicKeyPem: null })],
  ])('refuses a file that %s', async (_, exitCode, code, write) => {
    const refused = await scene.run(['register', '--from-bundle', await write()]);
    expect(refused).toMatchObject({ exitCode, stdout: '' });
    expect(refused.stderr).toContain(`(${code})`);
  });

  it('has kept nothing of what it has refused', async () => {
    expect(await isNobody()).toBe(true);
  });

  it('opens a sealed one with the installation password in the environment, and shows neither', async () => {
    const text = await sealWithPassphrase(Buffer.from(pair.privateKey), PASSWORD, 'registration/private-key');
    const file = await bundle({ privateKey: { kind: 'sealed', text } });
    const without = await scene.run(['register', '--from-bundle', file]);
    expect(without.exitCode).toBe(4);
    expect(without.stderr).toMatch(/\(registration-sealed\)\nhint: .*SNAPSTORE_BETA_PASSWORD/);
    const wrong = await scene.run(['register', '--from-bundle', file], { env: { SNAPSTORE_BETA_PASSWORD: 'wrong' } });
    expect(wrong).toMatchObject({ exitCode: 4, stdout: '' });
    const right = await scene.run(['register', '--from-bundle', file], { env: { SNAPSTORE_BETA_PASSWORD: PASSWORD } });
    expect(right.exitCode).toBe(0);
    for (const { stdout, stderr } of [without, wrong, right]) {
      expect(stdout + stderr).not.toContain(PASSWORD);
      expect(stdout + stderr).not.toContain('PRIVATE KEY');
    }
  });

  it.each<[string, () => Promise<string>]>([
    ['of ours', () => bundle()],
    ["of Canonical's", theirs],
  ])('becomes the store of a bundle %s', async (_, write) => {
    const printed = await scene.must('register', '--from-bundle', await write());
    expect(printed).toBe('Store URL: https://snaps.internal\nStore ID: store-1\n');
    expect(await scene.must('status')).toMatch(
      /^Store URL: https:\/\/snaps\.internal\nStore DB: ok\nStore ID: store-1\n/,
    );
    expect(await scene.json('keys', 'list')).toMatchObject({ keys: [{ id: keyId, role: 'identity' }] });
    expect(await scene.must('config', 'proxy.domain')).toBe('snaps.internal\n');
    expect(await scene.must('assertions', 'list')).toMatch(/store +store-1 +0 +testauthority/);
  });

  it('says so again, and changes nothing', async () => {
    const file = await bundle();
    const [first, second] = [
      await scene.json('register', '--from-bundle', file),
      await scene.json('register', '--from-bundle', file),
    ];
    expect(second).toEqual(first);
    expect(first).toMatchObject({ storeId: 'store-1', url: 'https://snaps.internal', origin: 'bundle', keyId });
  });

  it('refuses one that is for another domain than this store has', async () => {
    await scene.must('config', 'proxy.domain=other.internal');
    const refused = await scene.run(['register', '--from-bundle', await bundle()]);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('it is for https://snaps.internal, and proxy.domain is other.internal');
  });
});

describe('register --self-issued', () => {
  it('leaves who it was, and says so', async () => {
    const { exitCode, stdout, stderr } = await scene.run(['register', '--self-issued']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Store URL: http:\/\/other\.internal:\d+\nStore ID: not registered \(self-issued\)\n$/);
    expect(stderr).toContain('this store was store-1 (https://snaps.internal) before');
    expect(await scene.must('status')).toContain('Store ID: not registered (self-issued)\n');
  });

  it('needs a name and nobody, and makes keys where there are none', async () => {
    const own = await Scene.open();
    try {
      const nameless = await own.run(['register', '--self-issued']);
      expect(nameless.stderr).toContain('(store-url-unknown)');
      await own.must('config', 'proxy.domain=snaps.internal');
      const { exitCode, stderr } = await own.run(['register', '--self-issued']);
      expect(exitCode).toBe(0);
      expect(stderr).toContain('keys were made');
      expect(await own.json('keys', 'list')).toMatchObject({ keys: [{ role: 'signer' }, { role: 'identity' }] });
    } finally {
      await own.close();
    }
  });
});
