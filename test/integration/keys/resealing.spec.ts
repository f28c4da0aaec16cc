import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { decodeRegistrationBundle, encodeRegistrationBundle } from '../../../src/formats/registration-bundle/index.js';
import { CertificateService } from '../../../src/modules/https/index.js';
import { KeyService } from '../../../src/modules/keys/index.js';
import { ensurePrivateFolder } from '../../../src/platform/config/private-folder.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { Resealing, Sealing, sealWithPassphrase } from '../../../src/platform/sealing/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

const KEY = 'proxy.device-auth.secret';
const SECRET = 'planted-secret-of-devices';
const PRIVATE_KEY = 'registration/private-key';

const authority = TestAuthority.create();
const identity = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = identity.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

let database: TestDatabase;
let dataDir: string;
let store: TestStore;

const open = (source = 'file'): Promise<TestStore> =>
  openTestStore({ uri: database.uri, authority, dataDir, settings: { 'proxy.seal.source': source } });

const resealing = (): Resealing => store.context.get(Resealing);

/** Closes the store and opens it with another sealing key. */
async function reopen(source: string): Promise<void> {
  await store.close();
  store = await open(source);
}

beforeAll(async () => {
  database = await createTestDatabase();
});

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'resealing-'));
  await chmod(dataDir, 0o755);
  store = await open();
  await store.query('TRUNCATE snap_store.key, snap_store.setting, snap_store.certificate_authority');
  await store.context.get(KeyService).importKey(Buffer.from(pem), 'identity');
  await store.context.get(SettingsService).change(new Map([[KEY, SECRET]]));
  await store.context.get(CertificateService).selfSign({ domain: 'snaps.internal' });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

afterAll(() => database.drop());

async function allOpens(): Promise<void> {
  expect(await resealing().examine()).toEqual({ total: 4, broken: [] });
  expect(await store.context.get(SettingsService).secret(KEY)).toBe(SECRET);
  const { id } = (await store.context.get(KeyService).find('identity'))!;
  expect(await store.context.get(KeyService).privatePem(id)).toBe(pem);
  expect(await store.context.get(CertificateService).serving()).not.toBeNull();
}

describe('a sealing key that is gone', () => {
  it('is not made anew while something is sealed under it', async () => {
    const keyFile = join(dataDir, 'seal.key');
    const kept = await readFile(keyFile);
    await rm(keyFile);
    await reopen('file');
    const settings = store.context.get(SettingsService);
    const error: unknown = await settings.change(new Map([[KEY, SECRET]])).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'seal-key-unusable', details: { file: keyFile } });
    await expect(readFile(keyFile)).rejects.toThrow('ENOENT');
    await writeFile(keyFile, kept);
    await allOpens();
  });
});

describe(Resealing.name, () => {
  it('moves everything that is sealed, whichever room keeps it, to another key', async () => {
    await allOpens();
    const file = join(dataDir, 'mounted.key');
    await writeFile(file, Buffer.alloc(32, 7));
    expect(await resealing().moveTo(`file:${file}`)).toBe(4);
    await reopen(`file:${file}`);
    await allOpens();
    await reopen('file');
    expect((await resealing().examine()).broken).toHaveLength(4);
  });

  it('goes on where it was stopped', async () => {
    const file = join(dataDir, 'mounted.key');
    await writeFile(file, Buffer.alloc(32, 7));
    await resealing().moveTo(`file:${file}`);
    await store.context.get(SettingsService).change(new Map([[KEY, SECRET]]));
    expect(await resealing().moveTo(`file:${file}`)).toBe(1);
    await reopen(`file:${file}`);
    await allOpens();
  });

  it('changes nothing where one text does not open', async () => {
    const file = join(dataDir, 'mounted.key');
    await writeFile(file, Buffer.alloc(32, 7));
    await store.query(
      `UPDATE snap_store.certificate_authority SET sealed_key = overlay(sealed_key placing 'AAAA' from 40)`,
    );
    const before = await store.query('SELECT * FROM snap_store.key, snap_store.setting');
    expect(await resealing().examine()).toMatchObject({ total: 4, broken: [{ purpose: 'certificate-authority' }] });
    await expect(resealing().moveTo(`file:${file}`)).rejects.toMatchObject({ code: 'seal-broken' });
    expect(await store.query('SELECT * FROM snap_store.key, snap_store.setting')).toEqual(before);
  });

  it('changes nothing where there is no new key', async () => {
    await expect(resealing().moveTo(`file:${join(dataDir, 'none')}`)).rejects.toMatchObject({
      code: 'seal-key-unusable',
    });
    await expect(resealing().moveTo('passphrase')).rejects.toMatchObject({ code: 'seal-key-unusable' });
    await allOpens();
  });

  it('lets a passphrase be replaced by way of a file, and keeps the one that is in use', async () => {
    vi.stubEnv('PROXY_SEAL_PASSPHRASE', 'the first one');
    await resealing().moveTo('passphrase');
    // Stopped here, before the setting was changed: the salt in use must stay.
    expect(await resealing().moveTo('passphrase')).toBe(0);
    await reopen('passphrase');
    await allOpens();
    await resealing().moveTo('file');
    await reopen('file');
    vi.stubEnv('PROXY_SEAL_PASSPHRASE', 'the second one');
    await resealing().moveTo('passphrase');
    await reopen('passphrase');
    await allOpens();
    vi.stubEnv('PROXY_SEAL_PASSPHRASE', 'the first one');
    await reopen('passphrase');
    expect((await resealing().examine()).broken).toHaveLength(4);
  });

  it('takes along what lies in DATA/registration, and leaves there what a password or nothing protects', async () => {
    const folder = join(dataDir, 'registration');
    const file = join(folder, 'registration_bundle.b64');
    await ensurePrivateFolder(folder);
    const write = async (privateKey: { kind: 'sealed'; text: string } | { kind: 'clear'; pem: string }) => {
      const bundle = {
        domain: 'snaps.internal',
        url: null,
        storeId: null,
        publicKeyPem: identity.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        privateKey,
        certificate: null,
        signerPem: null,
        assertions: [],
      };
      await writeFile(file, encodeRegistrationBundle(bundle));
      return readFile(file);
    };
    const held = async () => (await decodeRegistrationBundle(await readFile(file), file, [])).privateKey;
    const newKey = join(dataDir, 'mounted.key');
    await writeFile(newKey, Buffer.alloc(32, 7));
    const sealed = await store.context.get(Sealing).seal(Buffer.from(pem), PRIVATE_KEY);
    await write({ kind: 'sealed', text: sealed });
    expect(await resealing().moveTo(`file:${newKey}`)).toBe(5);
    const moved = await held();
    expect(moved?.kind === 'sealed' && moved.text).not.toBe(sealed);
    await reopen(`file:${newKey}`);
    const text = moved?.kind === 'sealed' ? moved.text : '';
    expect((await store.context.get(Sealing).unseal(text, PRIVATE_KEY)).toString()).toBe(pem);
    const byPassword = await sealWithPassphrase(Buffer.from(pem), 'install me', PRIVATE_KEY);
    for (const untouched of [{ kind: 'sealed', text: byPassword } as const, { kind: 'clear', pem } as const]) {
      const before = await write(untouched);
      await resealing().moveTo('file');
      expect(await readFile(file)).toEqual(before);
    }
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
