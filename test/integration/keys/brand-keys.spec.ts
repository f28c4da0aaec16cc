import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  AssertionVerifier,
  type AssertionSigner,
  signAssertionBy,
  SigningKey,
  TrustedRoots,
} from '../../../src/formats/assertion/index.js';
import { SystemClock } from '../../../src/kernel/clock.js';
import { BrandKeyService, KeyService, SigningService } from '../../../src/modules/keys/index.js';
import { Resealing } from '../../../src/platform/sealing/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { hasSoftHsm, SoftHsm } from '../../support/soft-hsm.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

const pem = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
};

/** A token needs programs that a machine need not have (`.ci/run` installs them). */
const PLACES = hasSoftHsm ? (['store', 'token'] as const) : (['store'] as const);
if (!hasSoftHsm) console.warn('keys in a token are not tested here: that needs the packages softhsm2 and opensc');

describe.each(PLACES)('a key of a brand that is kept in the %s', (place) => {
  let hsm: SoftHsm | null = null;
  let store: TestStore;
  const keys = (): BrandKeyService => store.context.get(BrandKeyService);
  const owner = { accountId: 'brand', name: 'serials' };

  beforeAll(async () => {
    if (place === 'token') {
      hsm = await SoftHsm.create();
      Object.assign(process.env, hsm.environment);
    }
    const settings = hsm === null ? {} : hsm.settings;
    store = await openTestStore({ uri: database.uri, authority: TestAuthority.create(), settings });
  });

  beforeEach(() => store.query('TRUNCATE snap_store.key'));

  afterAll(async () => {
    await store.close();
    await hsm?.destroy();
  });

  it('is made once for each name, signs like any other, and signs nothing once it is retired', async () => {
    expect(keys().usualPlace).toBe(place);
    const steps = new Set<string>();
    const key = await keys().create(owner, place, { onProgress: ({ step }) => steps.add(step) });
    expect([...steps]).toEqual([expect.stringContaining('an RSA key of 4096 bits')]);
    expect(key).toMatchObject({ ...owner, role: 'brand', state: 'active', algorithm: 'rsa' });
    expect(key.token).toBe(place === 'token' ? SoftHsm.LABEL : null);
    await expect(keys().create(owner, place)).rejects.toMatchObject({ code: 'key-name-taken' });
    const signer = await store.context.get(SigningService).assertionSigner(key.id);
    expect(signer.publicKey.bits).toBe(4096);
    expect(signer.publicKey.id).toBe(key.id);
    expect(await isTakenByDevices(signer)).toBe(true);
    const request = await store.context.get(KeyService).accountKeyRequest(key.id, owner);
    expect(request.text('public-key-sha3-384')).toBe(key.id);
    if (place === 'token') await staysInTheToken(key.id);

    await store.context.get(KeyService).retire(key.id);
    const signing = store.context.get(SigningService);
    await expect(signing.assertionSigner(key.id)).rejects.toMatchObject({ code: 'key-retired' });
    await expect(keys().named('serials')).rejects.toMatchObject({ code: 'brand-key-unknown' });
    const next = await keys().take(owner, pem());
    expect((await keys().named('serials', 'brand')).id).toBe(next.id);
    expect((await keys().list('brand')).map(({ state }) => state)).toEqual(['retired', 'active']);
  });

  async function staysInTheToken(id: string): Promise<void> {
    const service = store.context.get(KeyService);
    for (const take of ['open', 'privatePem', 'sealedPrivate', 'rotate'] as const)
      await expect(service[take](id)).rejects.toMatchObject({ code: 'key-in-token' });
    expect(hsm!.tool('--list-objects', '--type', 'privkey')).toMatch(/sensitive, always sensitive, never extractable/);
    expect((await store.context.get(Resealing).examine()).total).toBe(0);
  }

  if (place === 'token') {
    it('may have been in the token before', async () => {
      hsm!.tool('--keypairgen', '--key-type', 'rsa:2048', '--id', 'cafe', '--label', 'old');
      const key = await keys().adopt(owner, '0xCAFE');
      expect(key).toMatchObject({ token: SoftHsm.LABEL, state: 'active' });
      expect(await isTakenByDevices(await store.context.get(SigningService).assertionSigner(key.id))).toBe(true);
      await expect(keys().adopt({ ...owner, name: 'none' }, 'beef')).rejects.toMatchObject({ code: 'hsm-key-missing' });
    });

    it('says what is wrong with a PIN, a token and a module', async () => {
      const trouble = async (changed: Record<string, string>): Promise<unknown> => {
        const settings = { ...hsm!.settings, ...changed };
        const other = await openTestStore({ uri: database.uri, authority: TestAuthority.create(), settings });
        try {
          return await other.context
            .get(BrandKeyService)
            .create(owner, 'token')
            .catch((error: unknown) => error);
        } finally {
          await other.close();
        }
      };
      expect(await trouble({ 'proxy.hsm.token-pin': 'wrong-one' })).toMatchObject({ code: 'hsm-pin-refused' });
      expect(await trouble({ 'proxy.hsm.token-label': 'elsewhere' })).toMatchObject({ code: 'hsm-token-missing' });
      expect(await trouble({ 'proxy.hsm.module': '/nowhere.so' })).toMatchObject({ code: 'hsm-module-unusable' });
      expect(await keys().list()).toEqual([]);
    });
  } else {
    it('is taken in from a file, and brought back only by force', async () => {
      const file = pem();
      const key = await keys().take(owner, file);
      expect(await keys().take({ ...owner, name: 'renamed' }, file)).toMatchObject({ id: key.id, name: 'renamed' });
      await expect(keys().take({ accountId: 'other-brand', name: 'stolen' }, file)).rejects.toMatchObject({
        code: 'key-held-already',
      });
      await store.context.get(KeyService).retire(key.id);
      await expect(keys().take(owner, file)).rejects.toMatchObject({ code: 'key-retired' });
      expect(await keys().take(owner, file, { force: true })).toMatchObject({ state: 'active', name: 'serials' });
      await expect(store.context.get(KeyService).importKey(pem(), 'brand')).rejects.toMatchObject({
        code: 'key-not-usable',
      });
    });

    it('keeps its name and its brand when it is rotated', async () => {
      const key = await keys().take(owner, pem());
      expect(await store.context.get(KeyService).rotate(key.id)).toMatchObject({ ...owner, role: 'brand' });
      expect(await keys().named('serials')).not.toMatchObject({ id: key.id });
    });

    it('is found by name where one brand has it, and not where two have', async () => {
      const { id } = await keys().take(owner, pem());
      const other = await keys().take({ accountId: 'other-brand', name: 'serials' }, pem());
      await expect(keys().named('serials')).rejects.toThrow('several brands');
      expect((await keys().named('serials', 'other-brand')).id).toBe(other.id);
      expect((await keys().named(id)).id).toBe(id);
    });

    it.each([
      ['brand', 'Not A Name'],
      ['brand', '42'],
      ['brand', '-dashed'],
      ['brand', 'a'.repeat(65)],
      ['Not/An/Account', 'name'],
    ])('has a name that account-keys can carry: %s %s', async (accountId, name) => {
      await expect(keys().create({ accountId, name }, 'store')).rejects.toMatchObject({ code: 'key-name-unfit' });
    });
  }
});

/** Whether what it signs verifies, up to a root that gives it an account-key. */
async function isTakenByDevices(signer: AssertionSigner): Promise<boolean> {
  const root = TestAuthority.create('root');
  const account = root.sign('account', { 'account-id': 'brand', 'display-name': 'B', validation: 'unproven' });
  const accountKey = root.accountKeyFor({ id: signer.publicKey.id, publicKey: signer.publicKey }, 'serials', 'brand');
  const device = new SigningKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  const serial = await signAssertionBy(signer, {
    type: 'serial',
    headers: {
      'authority-id': 'brand',
      'brand-id': 'brand',
      model: 'm',
      serial: '1',
      'device-key': device.publicKey.encode(),
      'device-key-sha3-384': device.id,
      timestamp: new Date().toISOString(),
    },
    signedAt: new Date(),
  });
  const verifier = new AssertionVerifier({ roots: TrustedRoots.of(root.roots), clock: new SystemClock() });
  const verdicts = await verifier.verify([account, accountKey, serial]);
  return verdicts.every(({ error }) => error === null);
}
