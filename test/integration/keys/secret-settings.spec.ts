import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { KeyService } from '../../../src/modules/keys/index.js';
import { Settings } from '../../../src/platform/config/settings.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { isSealed, Sealing } from '../../../src/platform/sealing/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

const SECRET = 'planted-secret-of-devices';
const KEY = 'proxy.device-auth.secret';
const PUBLIC = 'proxy.key.public';
const PRIVATE = 'proxy.key.private';

let database: TestDatabase;
let store: TestStore;
const service = (): SettingsService => store.context.get(SettingsService);
const settings = (): Settings => store.context.get(Settings);
const keys = (): KeyService => store.context.get(KeyService);

const newPem = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

beforeAll(async () => {
  database = await createTestDatabase();
});

beforeEach(async () => {
  store = await openTestStore({ uri: database.uri, authority: TestAuthority.create() });
  await store.query('TRUNCATE snap_store.key, snap_store.setting');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await store.close();
});

afterAll(() => database.drop());

describe('a secret setting', () => {
  it('is sealed where it is stored, shown nowhere, and there for who uses it', async () => {
    await service().change(new Map([[KEY, SECRET]]));
    expect(await store.query('SELECT value FROM snap_store.setting')).toEqual([
      { value: expect.stringMatching(/^sealed-v1:/) as string },
    ]);
    expect(isSealed(settings().get(KEY)!)).toBe(true);
    expect(settings().redacted(KEY)).toBe('<redacted>');
    expect(await service().secret(KEY)).toBe(SECRET);
    await service().change(new Map([[KEY, null]]));
    expect(await service().secret(KEY)).toBeNull();
  });

  it('may come from the environment, in clear', async () => {
    await service().change(new Map([[KEY, SECRET]]));
    vi.stubEnv('PROXY_DEVICE_AUTH_SECRET', 'another-secret-of-devices');
    expect(await service().secret(KEY)).toBe('another-secret-of-devices');
    expect(settings().redacted(KEY)).toBe('<redacted>');
  });

  it('comes back sealed as it was carried out, and not where it cannot be opened or is for something else', async () => {
    await service().change(new Map([[KEY, SECRET]]));
    const carried = settings().get(KEY)!;
    await service().change(new Map([[KEY, null]]));
    await service().change(new Map([[KEY, carried]]));
    expect(await service().secret(KEY)).toBe(SECRET);
    const misplaced = await store.context.get(Sealing).seal(Buffer.from('x'), 'something.else');
    await expect(service().change(new Map([[KEY, misplaced]]))).rejects.toMatchObject({ code: 'seal-broken' });
    await writeFile(join(store.dataDir, 'seal.key'), Buffer.alloc(32, 5));
    const { dataDir, uri, authority } = store;
    const elsewhere = await openTestStore({ uri, authority, dataDir });
    try {
      const change = elsewhere.context.get(SettingsService).change(new Map([[KEY, carried]]));
      await expect(change).rejects.toMatchObject({ code: 'seal-broken' });
    } finally {
      await elsewhere.context.close();
    }
  });
});

describe('the identity among the settings', () => {
  it('is there with its public half, and its private one sealed', async () => {
    await service().readKept();
    expect([settings().get(PUBLIC), settings().get(PRIVATE)]).toEqual([null, null]);
    const { publicPem } = await keys().importKey(Buffer.from(newPem()), 'identity');
    await service().readKept();
    expect(settings().lookup(PUBLIC)).toEqual({ value: publicPem, source: 'stored' });
    expect(isSealed(settings().get(PRIVATE)!)).toBe(true);
    expect(settings().redacted(PRIVATE)).toBe('<redacted>');
    vi.stubEnv('PROXY_KEY_PUBLIC', 'somebody else');
    expect(settings().get(PUBLIC)).toBe(publicPem);
  });

  it('comes back with a configuration that was carried out, sealed or in clear', async () => {
    const first = newPem();
    const { id, publicPem } = await keys().importKey(Buffer.from(first), 'identity');
    await service().readKept();
    const carried = new Map([PUBLIC, PRIVATE].map((key) => [key, settings().get(key)]));
    const other = await keys().adopt(newPem(), 'identity');
    await service().change(carried);
    expect(await keys().find('identity')).toMatchObject({ id, publicPem });
    expect(settings().get(PUBLIC)).toBe(publicPem);
    expect((await keys().get(other.id)).state).toBe('retired');
    await keys().adopt(newPem(), 'identity');
    await service().change(new Map([[PRIVATE, first]]));
    expect(await keys().find('identity')).toMatchObject({ id });
  });

  it('is changed with all the rest or not at all', async () => {
    const { id, publicPem } = await keys().importKey(Buffer.from(newPem()), 'identity');
    const noKey = await store.context.get(Sealing).seal(Buffer.from('x'), KEY);
    for (const [changes, code] of [
      [{ [PUBLIC]: publicPem, [PRIVATE]: newPem() }, 'invalid-setting'],
      [{ [PUBLIC]: null }, 'invalid-setting'],
      [{ [PRIVATE]: noKey }, 'seal-broken'],
      [{ [PRIVATE]: null }, 'invalid-setting'],
      [{ [PRIVATE]: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' }, 'key-not-usable'],
    ] as const) {
      const all = new Map<string, string | null>([['proxy.domain', 'new.internal'], ...Object.entries(changes)]);
      await expect(service().change(all)).rejects.toMatchObject({ code });
      expect(await store.query('SELECT * FROM snap_store.setting')).toEqual([]);
      expect(settings().get('proxy.domain')).toBeNull();
      expect(await keys().find('identity')).toMatchObject({ id });
    }
  });
});
