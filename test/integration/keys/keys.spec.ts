import { createPrivateKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { assertionType, signAssertion } from '../../../src/formats/assertion/index.js';
import { KeyService, SigningService } from '../../../src/modules/keys/index.js';
import { Transaction } from '../../../src/platform/database/transaction.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

let database: TestDatabase;
let store: TestStore;
const keys = (): KeyService => store.context.get(KeyService);
const signing = (): SigningService => store.context.get(SigningService);

const rsa = (bits = 2048): KeyObject => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
const ed25519 = (): KeyObject => generateKeyPairSync('ed25519').privateKey;
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const bytes = (key: KeyObject): Buffer => Buffer.from(pem(key));

beforeAll(async () => {
  database = await createTestDatabase();
});

beforeEach(async () => {
  store = await openTestStore({ uri: database.uri, authority: TestAuthority.create() });
  await store.query('TRUNCATE snap_store.key');
});

afterEach(() => store.close());

afterAll(() => database.drop());

describe('generate', () => {
  it('makes an identity of 4096 bits and a signer while the event loop goes on, and says how long it takes', async () => {
    const steps: string[] = [];
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 5);
    const startedAt = performance.now();
    const { identity, signer } = await keys().generate({ onProgress: ({ step }) => steps.push(step) });
    const tookMs = performance.now() - startedAt;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(tookMs / 5 / 4);
    expect([...new Set(steps)]).toEqual(['making an Ed25519 key', 'making an RSA key of 4096 bits']);
    expect(identity).toMatchObject({ role: 'identity', algorithm: 'rsa', state: 'active', retiredAt: null });
    expect(signer).toMatchObject({ role: 'signer', algorithm: 'ed25519', state: 'active' });
    expect((await signing().signingKey(identity.id)).publicKey.bits).toBe(4096);
    expect([await keys().find('identity'), await keys().find('signer')]).toEqual([identity, signer]);
    expect(await keys().find('authority')).toBeNull();
  });

  it('refuses to replace keys that are in use, and what is forced retires them', async () => {
    const imported = await keys().importKey(bytes(ed25519()), 'signer');
    await expect(keys().generate()).rejects.toMatchObject({ code: 'keys-exist', details: { role: 'signer' } });
    expect(await keys().list()).toEqual([imported]);
    const { signer } = await keys().generate({ force: true });
    expect((await keys().list()).map(({ id, state }) => [id, state])).toEqual(
      expect.arrayContaining([
        [imported.id, 'retired'],
        [signer.id, 'active'],
      ]),
    );
  });

  it('makes one pair where two start together', async () => {
    const outcomes = await Promise.allSettled([keys().generate(), keys().generate()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await keys().list()).toHaveLength(2);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const abort = new AbortController();
    const generating = keys().generate({
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step.includes('RSA')) abort.abort(new Error('stopped'));
      },
    });
    await expect(generating).rejects.toThrow('stopped');
    expect(await keys().list()).toEqual([]);
  });
});

describe('private halves', () => {
  it('are nowhere in the database in clear', async () => {
    const key = rsa();
    await keys().importKey(bytes(key), 'identity');
    const [row] = await store.query<{ row: string }>('SELECT key::text AS row FROM snap_store.key');
    const { d, p } = key.export({ format: 'jwk' });
    for (const secret of [d, p]) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(row?.row).not.toContain(Buffer.from(secret!, 'base64url').toString(encoding).slice(0, 40));
    }
    expect(row?.row).not.toContain('PRIVATE');
    expect(row?.row).toContain('sealed-v1:');
  });

  it('cannot be put in the place of another', async () => {
    const [one, two] = [await keys().importKey(bytes(rsa()), 'other'), await keys().importKey(bytes(rsa()), 'other')];
    await store.query(
      `UPDATE snap_store.key SET sealed_private = (SELECT sealed_private FROM snap_store.key WHERE id = '${two.id}')
       WHERE id = '${one.id}'`,
    );
    await expect(keys().privatePem(one.id)).rejects.toMatchObject({ code: 'seal-broken' });
    expect(createPrivateKey(await keys().privatePem(two.id)).asymmetricKeyType).toBe('rsa');
  });

  it('are lost with the sealing key, and whoever has them can import them again', async () => {
    const key = rsa();
    const { id } = await keys().importKey(bytes(key), 'identity');
    const { dataDir } = store;
    await writeFile(join(dataDir, 'seal.key'), Buffer.alloc(32, 3));
    const other = await openTestStore({ uri: store.uri, authority: store.authority, dataDir });
    try {
      const service = other.context.get(KeyService);
      await expect(service.privatePem(id)).rejects.toMatchObject({ code: 'seal-broken' });
      await service.importKey(bytes(key), 'identity');
      expect(await service.privatePem(id)).toBe(pem(key));
    } finally {
      await other.context.close();
      await rm(join(dataDir, 'seal.key'));
    }
  });
});

describe('importKey and adopt', () => {
  it('know a key again', async () => {
    const key = rsa();
    const first = await keys().importKey(bytes(key), 'identity');
    expect(await keys().importKey(Buffer.from(key.export({ type: 'pkcs1', format: 'pem' })), 'identity')).toEqual(
      first,
    );
    expect(await keys().adopt(pem(key), 'identity')).toEqual(first);
    await expect(keys().importKey(bytes(key), 'authority')).rejects.toMatchObject({ code: 'key-held-already' });
  });

  it('refuse to replace an active key, unless it is forced or adopted', async () => {
    const [one, two, three] = [rsa(), rsa(), rsa()];
    const first = await keys().importKey(bytes(one), 'identity');
    await expect(keys().importKey(bytes(two), 'identity')).rejects.toMatchObject({ code: 'keys-exist' });
    const second = await keys().importKey(bytes(two), 'identity', { force: true });
    const third = await keys().adopt(pem(three), 'identity');
    expect(await keys().find('identity')).toEqual(third);
    expect((await keys().list()).filter(({ state }) => state === 'retired').map(({ id }) => id)).toEqual(
      expect.arrayContaining([first.id, second.id]),
    );
    await expect(keys().importKey(bytes(one), 'identity')).rejects.toMatchObject({ code: 'key-retired' });
    expect(await keys().adopt(pem(one), 'identity')).toEqual(first);
    expect(await keys().find('identity')).toEqual(first);
  });

  it('let one of many in where they come together', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => keys().importKey(bytes(ed25519()), 'signer')),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(5);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'keys-exist' });
    expect(await keys().list()).toHaveLength(1);
  });

  it('hold any number of other keys', async () => {
    await keys().importKey(bytes(rsa()), 'other');
    const newest = await keys().importKey(bytes(ed25519()), 'other');
    expect(await keys().list()).toHaveLength(2);
    expect(await keys().find('other')).toEqual(newest);
  });

  it('join the transaction of who calls them', async () => {
    const failing = store.context.get(Transaction).run(async () => {
      await keys().adopt(pem(rsa()), 'identity');
      throw new Error('the registration does not hold');
    });
    await expect(failing).rejects.toThrow('does not hold');
    expect(await keys().list()).toEqual([]);
  });
});

describe('rotate and retire', () => {
  it('put a new key of the same kind in the place of one', async () => {
    const old = await keys().importKey(bytes(ed25519()), 'signer');
    const next = await keys().rotate(old.id);
    expect(next).toMatchObject({ role: 'signer', algorithm: 'ed25519', state: 'active' });
    expect(await keys().find('signer')).toEqual(next);
    expect((await keys().get(old.id)).retiredAt).toBeInstanceOf(Date);
    await expect(keys().rotate(old.id)).rejects.toMatchObject({ code: 'key-retired' });
    await expect(keys().rotate('x')).rejects.toMatchObject({ code: 'key-not-held' });
  });

  it('rotate a key once where two ask for it', async () => {
    const { id } = await keys().importKey(bytes(ed25519()), 'other');
    const outcomes = await Promise.allSettled([keys().rotate(id), keys().rotate(id), keys().rotate(id)]);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(2);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'key-retired' });
    expect(await keys().list()).toHaveLength(2);
  });

  it('keep a retired key from signing, in every way', async () => {
    const { id } = await keys().importKey(bytes(rsa()), 'identity');
    const retired = await keys().retire(id);
    expect(retired.state).toBe('retired');
    expect(await keys().retire(id)).toEqual(retired);
    expect(await keys().find('identity')).toBeNull();
    for (const use of [
      () => signing().signBytes(id, Buffer.from('x')),
      () => signing().signingKey(id),
      () => keys().privatePem(id),
      () => keys().accountKeyRequest(id, { accountId: 'acme', name: 'store' }),
    ])
      await expect(use()).rejects.toMatchObject({ code: 'key-retired' });
    expect(await keys().exportPublicPem(id)).toBe(retired.publicPem);
  });
});

describe('signing', () => {
  it('makes signatures that the public half confirms', async () => {
    const message = Buffer.from('nonce and url');
    const identity = await keys().importKey(bytes(rsa()), 'identity');
    const signer = await keys().importKey(bytes(ed25519()), 'signer');
    const byIdentity = await signing().signBytes(identity.id, message);
    expect(verify('sha512', message, identity.publicPem, byIdentity)).toBe(true);
    expect(verify(null, message, signer.publicPem, await signing().signBytes(signer.id, message))).toBe(true);
    const key = await signing().signingKey(identity.id);
    const assertion = signAssertion({
      type: 'account-key-request',
      headers: {
        'account-id': 'acme',
        name: 'x',
        'public-key-sha3-384': key.id,
        since: new Date().toISOString(),
      },
      body: key.publicKey.encode(),
      key,
      signedAt: new Date(),
    });
    expect(assertion.signKeyId).toBe(identity.id);
    await expect(signing().signingKey(signer.id)).rejects.toThrow(/only RSA keys/);
  });

  it('asks an authority to take up a key', async () => {
    const { id } = await keys().importKey(bytes(rsa()), 'identity');
    const request = await keys().accountKeyRequest(id, { accountId: 'acme', name: 'store' });
    expect(request.type).toBe(assertionType('account-key-request'));
    expect(request.headers).toMatchObject({ 'account-id': 'acme', name: 'store', 'public-key-sha3-384': id });
    await expect(keys().accountKeyRequest(id, { accountId: 'acme', name: 'no_such-Name!' })).rejects.toMatchObject({
      code: 'assertion-refused',
    });
  });
});
