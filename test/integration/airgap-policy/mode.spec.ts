import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { AccessPassword } from '../../../src/modules/access/index.js';
import { AirgapMode, AirgapSwitch } from '../../../src/modules/airgap-policy/index.js';
import { KeyService } from '../../../src/modules/keys/index.js';
import { RegistrationVerifier, StoreIdentityService } from '../../../src/modules/registration/index.js';
import { Settings } from '../../../src/platform/config/settings.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { readModeFile, writeModeFile } from '../../../src/platform/egress/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

const authority = TestAuthority.create();
const IDENTITY = generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const PASSWORD = 'correct horse';
const DEVICE_SECRET = 'proxy.device-auth.secret';

let database: TestDatabase;
let dataDir: string;
let store: TestStore;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'airgap-'));
  store = await open();
  const tables = ['access_password', 'airgap_event', 'key', 'setting', 'store_identity'];
  await store.query(`TRUNCATE ${tables.map((table) => `snap_store.${table}`).join(', ')}`);
  await writeModeFile(dataDir, null);
  await store.context.get(SettingsService).reload();
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

function open(folder = dataDir): Promise<TestStore> {
  return openTestStore({ uri: database.uri, authority, dataDir: folder });
}

async function makeReady({ context } = store): Promise<void> {
  const { id } = await context.get(KeyService).adopt(IDENTITY.toString(), 'identity');
  const registration = context.get(RegistrationVerifier).selfIssued({ url: 'http://store.internal', keyId: id });
  await context.get(StoreIdentityService).adopt(registration);
}

const enable = (options: { password?: string; changePassword?: boolean } = {}) =>
  store.context.get(AirgapSwitch).enable({ password: PASSWORD, by: 'alice', ...options });
const mode = (): AirgapMode => store.context.get(AirgapMode);
const events = () =>
  store.query<{ state: string; by_user: string }>('SELECT * FROM snap_store.airgap_event ORDER BY id');

describe('turning air-gapped mode on', () => {
  it('is taken over once, however many announcements of another process come at the same time', async () => {
    await makeReady();
    const other = await open();
    try {
      await other.context.get(AirgapSwitch).enable({ password: PASSWORD, by: 'alice' });
    } finally {
      await other.close();
    }
    await writeModeFile(dataDir, null);
    const settings = store.context.get(SettingsService);
    await Promise.all(Array.from({ length: 8 }, () => settings.reload()));
    await writeModeFile(dataDir, null);
    await Promise.all(Array.from({ length: 8 }, () => mode().follow()));
    expect(mode().isOn()).toBe(true);
    expect(readModeFile(dataDir).isOn).toBe(true);
  });

  it('names each thing that is missing with what mends it, and changes nothing', async () => {
    await expect(enable()).rejects.toMatchObject({
      code: 'airgap-not-ready',
      message: expect.stringMatching(/keys \(.*generate-keys.*\); registration \(.*register --from-bundle/) as string,
      details: { missing: ['keys', 'registration'] },
    });
    await store.context.get(KeyService).adopt(IDENTITY.toString(), 'identity');
    await expect(enable()).rejects.toMatchObject({ details: { missing: ['registration'] } });
    expect(mode().isOn()).toBe(false);
    expect(await events()).toEqual([]);
    expect(await store.context.get(AccessPassword).isSet()).toBe(false);
    expect(readModeFile(dataDir).isOn).toBe(false);
  });

  it.each(['short', 'x'.repeat(257), 'line\nbreak in it'])('refuses the password %j', async (password) => {
    await makeReady();
    const refusal = await enable({ password }).catch((error: unknown) => error as Error & { code: string });
    expect(refusal).toMatchObject({ code: 'password-unusable' });
    expect((refusal as Error).message).not.toContain(password);
    expect(mode().isOn()).toBe(false);
  });

  it('sets the password, makes the secret of device sessions, records who did it, and warns where HTTPS is off', async () => {
    await makeReady();
    const { outcome, since, warnings } = await enable();
    expect(outcome).toBe('enabled');
    expect(warnings).toEqual([expect.stringContaining('import-certificate')]);
    expect(mode().isOn()).toBe(true);
    expect(await events()).toEqual([expect.objectContaining({ state: 'on', by_user: 'alice' })]);
    const password = store.context.get(AccessPassword);
    expect([await password.verify(PASSWORD), await password.verify('something else')]).toEqual([true, false]);
    const [kept] = await store.query<{ phc: string }>('SELECT phc FROM snap_store.access_password');
    expect(kept?.phc).toMatch(/^\$scrypt\$/);
    const settings = store.context.get(Settings);
    expect(settings.get('proxy.airgap')).toBe('true');
    expect(settings.get(DEVICE_SECRET)).toMatch(/^sealed-v1:/);
    expect(await store.context.get(SettingsService).secret(DEVICE_SECRET)).toMatch(/^[\w-]{43}$/);
    expect(readModeFile(dataDir)).toEqual({ isOn: true, since });
    expect((await stat(join(dataDir, 'airgap.json'))).mode & 0o777).toBe(0o600);
  });

  it('keeps a secret of device sessions that is there', async () => {
    await makeReady();
    await store.context.get(SettingsService).change(new Map([[DEVICE_SECRET, 'given-by-the-operator']]));
    await enable();
    expect(await store.context.get(SettingsService).secret(DEVICE_SECRET)).toBe('given-by-the-operator');
  });

  it('a second time says so, and replaces the password only where that is asked for', async () => {
    await makeReady();
    const { since } = await enable();
    expect(await enable()).toMatchObject({ outcome: 'already-on', since });
    await expect(enable({ password: 'another password' })).rejects.toMatchObject({ code: 'airgap-already-on' });
    const password = store.context.get(AccessPassword);
    expect(await password.verify(PASSWORD)).toBe(true);
    expect(await enable({ password: 'another password', changePassword: true })).toMatchObject({
      outcome: 'password-changed',
      since,
    });
    expect(await password.verify('another password')).toBe(true);
    expect(await events()).toHaveLength(1);
  });

  it('leaves the state before where it is cut off in its middle', async () => {
    await makeReady();
    await store.query(`ALTER TABLE snap_store.airgap_event ADD CONSTRAINT broken CHECK (state = 'off')`);
    try {
      await expect(enable()).rejects.toThrow('broken');
    } finally {
      await store.query('ALTER TABLE snap_store.airgap_event DROP CONSTRAINT broken');
    }
    expect(await store.context.get(AccessPassword).isSet()).toBe(false);
    expect(readModeFile(dataDir).isOn).toBe(false);
    expect(await store.query(`SELECT * FROM snap_store.setting WHERE key = '${DEVICE_SECRET}'`)).toEqual([]);
    expect(await enable()).toMatchObject({ outcome: 'enabled' });
  });

  it('by two at once happens once', async () => {
    await makeReady();
    const outcomes = await Promise.all([enable(), enable()]);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['already-on', 'enabled']);
    expect(await events()).toHaveLength(1);
  });
});

describe('turning air-gapped mode off', () => {
  it('is recorded, and refused where it is off', async () => {
    await makeReady();
    const airgap = store.context.get(AirgapSwitch);
    await expect(airgap.disable('bob')).rejects.toMatchObject({ code: 'airgap-already-off' });
    await enable();
    await airgap.disable('bob');
    expect(mode().isOn()).toBe(false);
    expect((await events()).map(({ state, by_user: by }) => `${state} ${by}`)).toEqual(['on alice', 'off bob']);
    expect(readModeFile(dataDir).isOn).toBe(false);
    expect(store.context.get(Settings).get('proxy.airgap')).toBe('false');
  });

  it('leaves a record that nobody changes', async () => {
    await makeReady();
    await enable();
    for (const change of [
      `UPDATE snap_store.airgap_event SET by_user = 'nobody'`,
      'DELETE FROM snap_store.airgap_event',
    ])
      await expect(store.query(change)).rejects.toThrow('not changed and not removed');
  });
});

describe('air-gapped mode', () => {
  it('is taken over at once by a process of another machine that runs, and by one that starts', async () => {
    await makeReady();
    const otherDir = await mkdtemp(join(tmpdir(), 'airgap-other-'));
    const other = await open(otherDir);
    try {
      await other.context.get(SettingsService).follow();
      const others = other.context.get(AirgapMode);
      expect(others.isOn()).toBe(false);
      await enable();
      await expect.poll(() => others.isOn()).toBe(true);
      await expect.poll(() => readModeFile(otherDir).isOn).toBe(true);
      expect(() => {
        others.mustBeOff('fetching snaps');
      }).toThrow(expect.objectContaining({ code: 'air-gapped' }));
      await store.context.get(AirgapSwitch).disable('alice');
      await expect.poll(() => others.isOn()).toBe(false);
      await expect.poll(() => readModeFile(otherDir).isOn).toBe(false);
    } finally {
      await other.close();
      await rm(otherDir, { recursive: true, force: true });
    }
  });

  it('is what the database says where the file says something else, and what the file says where no database has decided', async () => {
    await makeReady();
    await enable();
    await writeModeFile(dataDir, null);
    await mode().follow();
    expect(readModeFile(dataDir)).toEqual({ isOn: true, since: mode().since });
    await store.context.get(AirgapSwitch).disable('alice');
    await writeModeFile(dataDir, new Date());
    await mode().follow();
    expect([mode().isOn(), readModeFile(dataDir).isOn]).toEqual([false, false]);
    // As after a move to an empty database.
    await store.query('TRUNCATE snap_store.airgap_event');
    await writeModeFile(dataDir, new Date());
    await mode().follow();
    expect([mode().isOn(), readModeFile(dataDir).isOn]).toEqual([true, true]);
    await store.context.get(AirgapSwitch).disable('alice');
    expect(readModeFile(dataDir).isOn).toBe(false);
  });

  it('is no setting to be changed by hand, and goes out and in with a configuration', async () => {
    const service = store.context.get(SettingsService);
    const change = (value: string | null) => service.change(new Map([['proxy.airgap', value]]));
    await expect(change('true')).rejects.toMatchObject({ code: 'invalid-setting' });
    await change('false');
    await makeReady();
    await enable();
    await change('true');
    for (const value of ['false', null]) await expect(change(value)).rejects.toMatchObject({ code: 'invalid-setting' });
    expect(mode().isOn()).toBe(true);
    expect(await readFile(join(dataDir, 'airgap.json'), 'utf8')).toContain('"airGapped":true');
  });
});
