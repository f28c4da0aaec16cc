import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type Assertion, decodeAssertionStream, SigningKey } from '../../../src/formats/assertion/index.js';
import {
  encodeRegistrationBundle,
  type RegistrationBundle,
  RegistrationBundleError,
} from '../../../src/formats/registration-bundle/index.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { CertificateService } from '../../../src/modules/https/index.js';
import { KeyService } from '../../../src/modules/keys/index.js';
import {
  readCarriedFile,
  RegistrationIntake,
  RegistrationOutdatedError,
  RegistrationRefusedError,
  RegistrationSealedError,
  SelfIssuing,
  StoreIdentityService,
  StoreUrlUnknownError,
} from '../../../src/modules/registration/index.js';
import { SignerService } from '../../../src/modules/snap-import/index.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { Settings } from '../../../src/platform/config/settings.js';
import { Transaction } from '../../../src/platform/database/transaction.js';
import { StoreUrl } from '../../../src/platform/http/store-url.js';
import { sealWithPassphrase, WrongPassphraseError } from '../../../src/platform/sealing/index.js';
import { makeCertificate } from '../../support/certificates.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

const PASSWORD = 'planted-install-password';
const FILE = 'registration/registration_bundle.b64';

const authority = TestAuthority.create();
const delegate = authority.delegate();
const stranger = TestAuthority.create('stranger');
const pair = newPair();
const signerPem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();

let database: TestDatabase;
let dataDir: string;
let store: TestStore;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'intake-'));
  await open();
});
afterEach(async () => {
  await store.query('DROP SCHEMA snap_store CASCADE');
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function open(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  store = await openTestStore({ uri: database.uri, authority, dataDir, settings });
  await store.context.init();
}

function newPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const keyIdOf = (pem: string): string => new SigningKey(createPrivateKey(pem)).id;

function storeAssertion(headers: Readonly<Record<string, string>> = {}, by: TestAuthority = authority): Assertion {
  const own = { store: 'store-1', 'operator-id': 'testpublisher', url: 'http://snaps.internal' };
  return by.sign('store', { ...own, ...headers }, by === authority ? delegate.key : undefined);
}

function registration(changes: Partial<RegistrationBundle> = {}): RegistrationBundle {
  return {
    domain: 'snaps.internal',
    url: 'http://snaps.internal',
    storeId: 'store-1',
    privateKey: { kind: 'clear', pem: pair.privateKey },
    publicKeyPem: pair.publicKey,
    assertions: [delegate.accountKey, authority.publisher('testpublisher'), storeAssertion()],
    certificate: null,
    signerPem,
    ...changes,
  };
}

function ofRevision(revision: number, url = 'http://snaps.internal'): RegistrationBundle {
  const domain = new URL(url).hostname;
  const assertions = [...registration().assertions.slice(0, 2), storeAssertion({ revision: String(revision), url })];
  return registration({ domain, url, assertions });
}

async function sealed(): Promise<RegistrationBundle> {
  const text = await sealWithPassphrase(Buffer.from(pair.privateKey), PASSWORD, 'registration/private-key');
  return registration({ privateKey: { kind: 'sealed', text } });
}

/** As install.sh leaves it. */
async function carry(bundle: RegistrationBundle): Promise<void> {
  await mkdir(join(dataDir, 'registration'), { recursive: true });
  await writeFile(join(dataDir, FILE), encodeRegistrationBundle(bundle));
}

const intake = () => store.context.get(RegistrationIntake);
const identity = () => store.context.get(StoreIdentityService);
const takeCarried = (password: string | null = null) => intake().takeCarried({ password });
const inFile = async (): Promise<string> =>
  Buffer.from((await readFile(join(dataDir, FILE))).toString(), 'base64').toString();

/** All that a registration can leave anywhere. */
async function traces(): Promise<unknown> {
  const settings = store.context.get(Settings).get('proxy.domain');
  return {
    identity: await identity().current(),
    keys: await store.context.get(KeyService).list(),
    signers: await store.context.get(SignerService).list(),
    assertions: [...(await store.context.get(AssertionService).counts())],
    settings,
    url: store.context.get(StoreUrl).get(),
  };
}

describe('a carried registration', () => {
  it('is taken in whole at the first start', async () => {
    await carry(registration());
    expect(await takeCarried()).toMatchObject({ state: 'taken-in' });
    expect(await identity().current()).toMatchObject({
      storeId: 'store-1',
      url: 'http://snaps.internal',
      origin: 'bundle',
      keyId: keyIdOf(pair.privateKey),
    });
    const key = await store.context.get(KeyService).find('identity');
    expect(key?.id).toBe(keyIdOf(pair.privateKey));
    expect(await store.context.get(KeyService).privatePem(key?.id ?? '')).toBe(pair.privateKey);
    expect(await store.context.get(SignerService).list()).toMatchObject([{ publicKey: signerPem }]);
    expect(store.context.get(Settings).get('proxy.domain')).toBe('snaps.internal');
    expect(store.context.get(StoreUrl).get()).toBe('http://snaps.internal');
    expect(await readFile(join(dataDir, 'registration/taken-in'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it('gives devices what they need to believe it, and no root', async () => {
    await carry(registration());
    await takeCarried();
    const stream = await identity().assertionStream();
    const names = (await decodeAssertionStream(stream ?? Buffer.alloc(0))).map(({ type }) => type.name);
    expect(names).toEqual(['account-key', 'account', 'store']);
  });

  it('is there after a restart, and taking it in again changes nothing', async () => {
    await carry(registration());
    await takeCarried();
    const before = await traces();
    await store.close();
    await open();
    expect(store.context.get(StoreUrl).get()).toBe('http://snaps.internal');
    expect(await takeCarried()).toMatchObject({ state: 'held' });
    expect(await traces()).toEqual(before);
  });

  it('leaves its key in no file in clear', async () => {
    await carry(registration());
    await takeCarried();
    expect(await inFile()).not.toContain('PRIVATE KEY');
    expect((await stat(join(dataDir, FILE))).mode & 0o777).toBe(0o600);
    // The database is another one now; what lies in the folder is all that there is.
    await store.query('TRUNCATE snap_store.store_identity, snap_store.key, snap_store.assertion');
    expect(await takeCarried()).toMatchObject({ state: 'taken-in' });
    const key = await store.context.get(KeyService).find('identity');
    expect(await store.context.get(KeyService).privatePem(key?.id ?? '')).toBe(pair.privateKey);
  });

  it('is finished where power was lost after the database had it', async () => {
    await carry(registration());
    await takeCarried();
    await carry(registration());
    await rm(join(dataDir, 'registration/taken-in'));
    expect(await takeCarried()).toMatchObject({ state: 'held' });
    expect(await inFile()).not.toContain('PRIVATE KEY');
    expect(await readdir(join(dataDir, 'registration'))).toContain('taken-in');
  });

  it('is as if it had never been where something fails at its end', async () => {
    await carry(registration({ signerPem: 'no key' }));
    const before = await traces();
    await expect(takeCarried()).rejects.toThrow('not a public key');
    expect(await traces()).toEqual(before);
    expect(await readdir(join(dataDir, 'registration'))).toEqual(['registration_bundle.b64']);
  });

  it('leaves nothing, in memory or in files, where the transaction that it was part of is undone', async () => {
    await carry(registration());
    const before = await traces();
    const undone = store.context.get(Transaction).run(async () => {
      expect(await takeCarried()).toMatchObject({ state: 'taken-in' });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await traces()).toEqual(before);
    expect(await readdir(join(dataDir, 'registration'))).toEqual(['registration_bundle.b64']);
    expect(await takeCarried()).toMatchObject({ state: 'taken-in' });
    expect(store.context.get(Settings).get('proxy.domain')).toBe('snaps.internal');
  });

  it('brings the certificate that was set up before, and its key sealed', async () => {
    const certificate = await makeCertificate({ name: 'snaps.internal', dns: ['snaps.internal'] });
    const key = { kind: 'clear', pem: certificate.keyPem } as const;
    await carry(registration({ certificate: { certPem: certificate.pem, key } }));
    await takeCarried();
    expect(await store.context.get(CertificateService).exportForBundle()).toMatchObject({ keyPem: certificate.keyPem });
    expect(await inFile()).not.toContain('PRIVATE KEY');
  });

  it('may be none', async () => {
    expect(await takeCarried()).toEqual({ state: 'none' });
    expect(await identity().current()).toBeNull();
    expect(await identity().assertionStream()).toBeNull();
  });

  it('of a store that is its own authority brings URL and key, and nothing for devices to acknowledge', async () => {
    await carry(registration({ storeId: null, assertions: [] }));
    expect(await takeCarried()).toMatchObject({
      state: 'taken-in',
      identity: { storeId: null, origin: 'self-issued' },
    });
    expect((await store.context.get(KeyService).find('identity'))?.id).toBe(keyIdOf(pair.privateKey));
    expect(await identity().assertionStream()).toBeNull();
    expect(store.context.get(StoreUrl).get()).toBe('http://snaps.internal');
  });

  it.each<[string, () => RegistrationBundle | Promise<RegistrationBundle>, string]>([
    [
      'an untrusted root signed',
      () =>
        registration({
          assertions: [...stranger.roots, stranger.publisher('testpublisher'), storeAssertion({}, stranger)],
        }),
      'stranger',
    ],
    ['lacks the key chain', () => registration({ assertions: [storeAssertion()] }), 'refused'],
    ['has another pair', () => registration({ publicKeyPem: newPair().publicKey }), 'not halves of one pair'],
    ['is for another domain', () => registration({ domain: 'other.internal' }), 'its store assertion is for'],
  ])('that %s is refused, and nothing is kept', async (_, make, reason) => {
    const before = await traces();
    await carry(await make());
    const bytes = await readFile(join(dataDir, FILE));
    await expect(takeCarried()).rejects.toThrow(reason);
    expect(await traces()).toEqual(before);
    expect(await readFile(join(dataDir, FILE))).toEqual(bytes);
  });

  it('is refused where proxy.domain is another', async () => {
    await store.close();
    await open({ 'proxy.domain': 'elsewhere.internal' });
    await carry(registration());
    await expect(takeCarried()).rejects.toThrow(RegistrationRefusedError);
    expect(await identity().current()).toBeNull();
  });
});

describe('a registration that is sealed', () => {
  it('waits for the installation password, and opens with nothing else', async () => {
    await carry(await sealed());
    const before = await traces();
    expect(await takeCarried()).toMatchObject({ state: 'sealed' });
    await expect(takeCarried('another password')).rejects.toThrow(WrongPassphraseError);
    const carried = await readCarriedFile(join(dataDir, FILE), new AbortController().signal);
    await expect(intake().take(carried, { password: null })).rejects.toThrow(RegistrationSealedError);
    expect(await traces()).toEqual(before);
    expect(await takeCarried(PASSWORD)).toMatchObject({ state: 'taken-in' });
    expect(await takeCarried()).toMatchObject({ state: 'held' });
    expect((await store.context.get(KeyService).find('identity'))?.id).toBe(keyIdOf(pair.privateKey));
  });

  it('is refused where what was sealed is another key', async () => {
    const text = await sealWithPassphrase(Buffer.from(newPair().privateKey), PASSWORD, 'registration/private-key');
    await carry(registration({ privateKey: { kind: 'sealed', text } }));
    await expect(takeCarried(PASSWORD)).rejects.toThrow(RegistrationBundleError);
    expect(await identity().current()).toBeNull();
  });
});

describe('a store that is somebody already', () => {
  it('follows a later revision of its store assertion by itself', async () => {
    await carry(registration());
    await takeCarried();
    await carry(ofRevision(1, 'http://snaps.internal:8080'));
    expect(await takeCarried()).toMatchObject({ state: 'taken-in', identity: { url: 'http://snaps.internal:8080' } });
  });

  it('does not go back to an earlier one', async () => {
    await carry(ofRevision(1));
    await takeCarried();
    const before = await traces();
    await carry(registration());
    expect(await takeCarried()).toMatchObject({ state: 'kept-other' });
    const carried = { bundle: registration(), file: 'old' };
    await expect(intake().take(carried, { password: null })).rejects.toThrow(RegistrationOutdatedError);
    expect(await traces()).toEqual(before);
  });

  it('becomes another one only when it is told to', async () => {
    await carry(registration());
    await takeCarried();
    const before = await traces();
    const other = registration({
      storeId: 'store-2',
      assertions: [...registration().assertions.slice(0, 2), storeAssertion({ store: 'store-2' })],
    });
    await carry(other);
    expect(await takeCarried()).toMatchObject({ state: 'kept-other', identity: { storeId: 'store-1' } });
    expect(await traces()).toEqual(before);
    expect(await intake().take({ bundle: other, file: 'other' }, { password: null })).toMatchObject({
      storeId: 'store-2',
    });
    expect(await takeCarried()).toMatchObject({ state: 'held' });
  });

  it('that was its own authority becomes what is carried to it', async () => {
    await carry(registration({ storeId: null, assertions: [] }));
    await takeCarried();
    await carry(registration());
    expect(await takeCarried()).toMatchObject({ state: 'taken-in', identity: { storeId: 'store-1' } });
  });
});

describe(SelfIssuing.name, () => {
  it('needs a name, and nobody', async () => {
    const issuing = store.context.get(SelfIssuing);
    await expect(issuing.issue({})).rejects.toThrow(StoreUrlUnknownError);
    expect(await store.context.get(KeyService).list()).toEqual([]);
    await store.context.get(SettingsService).change(new Map([['proxy.domain', 'snaps.internal']]));
    await store.context.get(KeyService).adopt(pair.privateKey, 'identity');
    const issued = await issuing.issue({});
    expect(issued).toMatchObject({ madeKeys: false, before: null });
    expect(issued.identity).toMatchObject({ storeId: null, url: 'http://snaps.internal', origin: 'self-issued' });
    expect(issued.identity.keyId).toBe(keyIdOf(pair.privateKey));
    expect(await issuing.issue({})).toMatchObject({ before: null });
    expect(await takeCarried()).toMatchObject({ state: 'held' });
  });

  it('says who the store was before', async () => {
    await carry(registration());
    await takeCarried();
    expect(await store.context.get(SelfIssuing).issue({})).toMatchObject({ before: { storeId: 'store-1' } });
    expect(await takeCarried()).toMatchObject({ state: 'held', identity: { storeId: null } });
    expect(await readdir(join(dataDir, 'registration'))).not.toContain('proxy.assert');
  });
});

describe(readCarriedFile.name, () => {
  it("takes the assertions of Canonical's bundle from beside it", async () => {
    const fields = {
      domain: 'snaps.internal',
      private_key: pair.privateKey,
      public_key: pair.publicKey,
      store_id: 'store-1',
      store_assertion: storeAssertion().encoded.toString(),
    };
    const folder = join(dataDir, 'offline-snap-store');
    await mkdir(folder);
    await chmod(folder, 0o700);
    const file = join(folder, 'registration_bundle.b64');
    await writeFile(file, Buffer.from(JSON.stringify(fields)).toString('base64'));
    const chain = [delegate.accountKey, authority.publisher('testpublisher'), storeAssertion()];
    const { encodeAssertionStream } = await import('../../../src/formats/assertion/index.js');
    await writeFile(join(folder, 'proxy.assert'), encodeAssertionStream(chain));
    const carried = await readCarriedFile(file, new AbortController().signal);
    expect(await intake().take(carried, { password: null })).toMatchObject({ storeId: 'store-1', origin: 'bundle' });
    expect(await takeCarried()).toMatchObject({ state: 'held' });
  });
});
