import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { SCHEMA_PARTS } from '../../../src/entities.js';
import {
  type Assertion,
  AssertionRefusedError,
  assertionRef,
  assertionType,
  builtinRoots,
  decodeAssertion,
  encodeAssertionStream,
  type HeaderMap,
  signAssertion,
} from '../../../src/formats/assertion/index.js';
import {
  AssertionRow,
  ASSERTIONS_TOPIC,
  AssertionService,
  TrustedRootsService,
} from '../../../src/modules/assertions/index.js';
import { AssertionRepository } from '../../../src/modules/assertions/assertion.repository.js';
import { Settings } from '../../../src/platform/config/settings.js';
import { type Change, ChangeFeed, EVERYTHING } from '../../../src/platform/database/change-feed.js';
import { Database } from '../../../src/platform/database/database.js';
import { Transaction } from '../../../src/platform/database/transaction.js';
import { LoggerFactory } from '../../../src/platform/logging/logger.js';
import { FixedClock, newTestKey, SIGNED_AT, TestAccount, TestAuthority } from '../../support/authority.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

const SNAP_ID = 'a'.repeat(32);
const DIGEST = Buffer.alloc(48, 7).toString('base64url');

let testDatabase: TestDatabase;
let database: Database;
let transaction: Transaction;
let changes: ChangeFeed;
let service: AssertionService;
let settings: Settings;
let folder: string;
const clock = new FixedClock();

let authority: TestAuthority;
let brand: TestAccount;
let developer: Assertion;
let brandAccount: Assertion;
let brandKey: Assertion;
let declaration: Assertion;
let revision: Assertion;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const logger = LoggerFactory.silent();
  database = await Database.open({
    dataDir: '/nonexistent',
    connectionUri: testDatabase.uri,
    schema: SCHEMA_PARTS,
    logger: logger.named('test'),
    migrate: true,
  });
  transaction = new Transaction(database);
  changes = new ChangeFeed(database, transaction, logger);
  folder = await mkdtemp(path.join(tmpdir(), 'assertion-service-'));
  authority = await TestAuthority.create();
  brand = new TestAccount('brand', await newTestKey());
  developer = authority.signAccount('developer');
  brandAccount = authority.signAccount('brand');
  brandKey = authority.signAccountKey('brand', brand.key, { name: 'default' });
  declaration = authority.signDeclaration(SNAP_ID, 'jq', 'developer');
  revision = authority.signRevision(SNAP_ID, DIGEST, 3);
  const root = path.join(folder, 'root.assert');
  await writeFile(root, encodeAssertionStream([authority.account, authority.accountKey]));
  settings = new Settings({ flag: new Map([['proxy.trust.extra-roots', root]]) });
});

beforeEach(() => {
  clock.set(SIGNED_AT);
  const repository = new AssertionRepository(transaction, changes);
  service = new AssertionService(repository, new TrustedRootsService(settings), transaction, clock);
});

afterEach(() => database.dataSource.manager.clear(AssertionRow));

afterAll(async () => {
  await changes.beforeApplicationShutdown();
  await database.close();
  await testDatabase.drop();
  await rm(folder, { recursive: true });
});

function validationSet(sequence: number, headers: HeaderMap = {}): Assertion {
  return brand.sign('validation-set', {
    series: '16',
    'account-id': 'brand',
    name: 'set',
    sequence: String(sequence),
    snaps: [{ name: 'jq', id: SNAP_ID }],
    timestamp: SIGNED_AT.toISOString(),
    ...headers,
  });
}

function waiting(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((thrown: unknown) => thrown);
  return error instanceof AssertionRefusedError ? error.reason : String(error);
}

describe(AssertionService.name, () => {
  it('keeps a batch whatever its order, in the signed bytes', async () => {
    const report = await service.add([revision, declaration, developer]);
    expect(report).toMatchObject({ added: 3, updated: 0, unchanged: 0, older: 0 });
    for (const assertion of [revision, declaration, developer]) {
      expect((await service.find(assertion.ref))?.encoded.equals(assertion.encoded)).toBe(true);
    }
    const row = await database.dataSource.manager.findOneByOrFail(AssertionRow, { type: 'snap-revision' });
    expect(row).toMatchObject({
      primaryKey: [DIGEST, 'global-upload'],
      sequence: null,
      revision: 0,
      format: 0,
      authorityId: authority.id,
      signKey: authority.key.id,
      headers: { 'snap-id': SNAP_ID, 'snap-revision': '3' },
    });
  });

  it('finds by a key without its optional parts', async () => {
    await service.add([revision, declaration, developer]);
    expect((await service.find(assertionRef('snap-revision', [DIGEST])))?.isSameAs(revision)).toBe(true);
    expect(await service.find(assertionRef('snap-revision', [DIGEST, 'other']))).toBeNull();
  });

  it('uses what it holds to verify what comes later', async () => {
    await service.add([developer]);
    await service.add([declaration]);
    expect(await refusalOf(service.add([brandKey]))).toBe('prerequisite-missing');
    expect((await service.add([revision])).added).toBe(1);
  });

  it('keeps nothing of a batch with one in it that does not hold', async () => {
    const damaged = decodeAssertion(
      Buffer.from(brandAccount.encoded.toString().replace('validation: u', 'validation: U')),
    );
    expect(await refusalOf(service.add([developer, damaged]))).toBe('signature-wrong');
    expect((await service.list()).assertions).toEqual([]);
  });

  it('belongs to the transaction that surrounds it', async () => {
    const work = transaction.run(async () => {
      await service.add([developer]);
      expect(await service.find(developer.ref)).not.toBeNull();
      throw new Error('rolled back');
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(await service.find(developer.ref)).toBeNull();
  });

  it('changes nothing when the same comes again', async () => {
    const batch = [revision, declaration, developer, developer];
    await service.add(batch);
    expect(await service.add(batch)).toMatchObject({ added: 0, updated: 0, unchanged: 3, older: 0 });
    const signedAgain = authority.sign(
      'account',
      { ...developer.headers, 'sign-key-sha3-384': undefined, type: undefined },
      { at: new Date() },
    );
    expect(signedAgain.isSameAs(developer)).toBe(false);
    expect((await service.add([signedAgain])).unchanged).toBe(1);
    expect((await service.find(developer.ref))?.isSameAs(developer)).toBe(true);
  });

  it('replaces older revisions, and says of older ones that they are', async () => {
    const second = authority.signAccount('developer', { revision: '2', 'display-name': 'Dev' });
    await service.add([developer]);
    expect(await service.add([second])).toMatchObject({ added: 0, updated: 1 });
    const report = await service.add([developer]);
    expect(report).toMatchObject({ updated: 0, older: 1 });
    expect(report.outcomes[0]?.outcome).toBe('older');
    expect((await service.find(developer.ref))?.isSameAs(second)).toBe(true);
  });

  it('keeps the newest of a batch that has several revisions', async () => {
    const second = authority.signAccount('developer', { revision: '2' });
    const report = await service.add([developer, second]);
    expect(report.outcomes.map(({ outcome }) => outcome)).toEqual(['older', 'added']);
    expect((await service.find(developer.ref))?.revision).toBe(2);
  });

  it('refuses other content under a revision that is held', async () => {
    await service.add([developer]);
    const other = authority.signAccount('developer', { 'display-name': 'Somebody else' });
    expect(await refusalOf(service.add([other]))).toBe('revision-conflict');
    expect(await refusalOf(service.add([brandAccount, authority.signAccount('brand', { username: 'b2' })]))).toBe(
      'revision-conflict',
    );
  });

  it('keeps each format, and gives the newest that the asker understands', async () => {
    const plain = authority.signDeclaration(SNAP_ID, 'jq', 'developer', { revision: '4' });
    const withPlugs = authority.signDeclaration(SNAP_ID, 'jq', 'developer', {
      revision: '5',
      format: '1',
      plugs: { home: 'true' },
    });
    await service.add([developer, withPlugs]);
    expect((await service.add([plain])).added).toBe(1);
    expect((await service.find(plain.ref, 5))?.revision).toBe(5);
    expect((await service.find(plain.ref, 0))?.revision).toBe(4);
    expect((await service.find(plain.ref))?.format).toBe(1);
  });

  it('gives the latest of a sequence', async () => {
    const type = assertionType('validation-set');
    const key = ['16', 'brand', 'set'];
    await service.add([
      brandAccount,
      brandKey,
      validationSet(2),
      validationSet(10),
      validationSet(9),
      validationSet(11, { name: 'other' }),
    ]);
    expect((await service.latest(type, key))?.sequence).toBe(10);
    expect(await service.latest(type, ['16', 'brand', 'none'])).toBeNull();
    expect((await service.find(assertionRef('validation-set', [...key, '9'])))?.sequence).toBe(9);
  });

  it('finds the roots without holding them, and lets nothing take their place', async () => {
    expect((await service.find(authority.account.ref))?.isSameAs(authority.account)).toBe(true);
    expect((await service.find(assertionRef('account', ['canonical'])))?.authorityId).toBe('canonical');
    expect((await service.find(assertionRef('account', ['generic'])))?.authorityId).toBe('canonical');
    expect(await service.add([authority.account, authority.accountKey, ...builtinRoots().all()])).toMatchObject({
      unchanged: 4,
    });
    expect(await refusalOf(service.add([authority.signAccount(authority.id, { revision: '7' })]))).toBe('root-clash');
    const [names] = [(await service.list()).assertions.map(String)];
    expect(names).not.toContain(authority.account.toString());
  });

  it('judges by the roots in force', async () => {
    const foreign = await TestAuthority.create('foreign');
    const batch = [foreign.signAccount('x')];
    expect(await refusalOf(service.add(batch))).toBe('key-unknown');
  });

  it('does not keep what is a request, or what no table can hold', async () => {
    const request = {
      'account-id': 'brand',
      name: 'k',
      since: SIGNED_AT.toISOString(),
      'public-key-sha3-384': brand.key.id,
    };
    const asked = signAssertion({
      type: 'account-key-request',
      headers: request,
      body: brand.key.publicKey.encode(),
      key: brand.key,
      signedAt: SIGNED_AT,
    });
    expect(await refusalOf(service.add([asked, brandAccount]))).toBe('not-stored');
    expect(await refusalOf(service.add([authority.signAccount('developer', { revision: '2147483648' })]))).toBe(
      'not-stored',
    );
    expect(await refusalOf(service.add([authority.signAccount('x'.repeat(3000))]))).toBe('not-stored');
    expect(await refusalOf(service.add([authority.signAccount('developer', { 'display-name': 'a\0b' })]))).toBe(
      'not-stored',
    );
  });

  it('lists what is held by type and headers, page by page', async () => {
    await service.add([developer, brandAccount, brandKey, declaration]);
    const keys = await service.list({ type: 'account-key', headers: { 'account-id': 'brand', name: 'default' } });
    expect(keys.assertions.map(String)).toEqual([brandKey.toString()]);
    const names: string[] = [];
    for (let after: string | null = null, pages = 0; pages < 10; pages += 1) {
      const page = await service.list({}, after, 3);
      names.push(...page.assertions.map(String));
      if (page.next === null) break;
      after = page.next;
    }
    expect(names.sort()).toEqual([developer, brandAccount, brandKey, declaration].map(String).sort());
    expect(Object.fromEntries(await service.counts())).toEqual({ account: 2, 'account-key': 1, 'snap-declaration': 1 });
  });

  it('verifies what it holds once more, as of now', async () => {
    const until = '2026-02-01T00:00:00Z';
    await service.add([
      brandAccount,
      authority.signAccountKey('brand', brand.key, { until }),
      validationSet(1),
      developer,
    ]);
    expect((await service.verifyHeld()).filter(({ error }) => error !== null)).toEqual([]);
    clock.set(new Date('2026-03-01T00:00:00Z'));
    const refused = (await service.verifyHeld()).filter(({ error }) => error !== null);
    expect(refused.map(({ assertion, error }) => [assertion.type.name, error?.reason])).toEqual([
      ['validation-set', 'key-not-valid-now'],
    ]);
  });

  it('survives two who add the same at once', async () => {
    const second = authority.signAccount('developer', { revision: '2' });
    const reports = await Promise.all([service.add([developer, brandAccount]), service.add([brandAccount, second])]);
    expect(reports).toHaveLength(2);
    expect((await service.find(developer.ref))?.revision).toBe(2);
  });

  it('announces what changed, when it is committed', async () => {
    const heard: Change[] = [];
    const { promise: next, resolve: hasHeard } = waiting();
    await changes.listen((change) => {
      if (change === EVERYTHING || change.topic !== ASSERTIONS_TOPIC) return;
      heard.push(change);
      hasHeard();
    });
    await service.add([developer]);
    await next;
    expect(heard).toEqual([{ topic: ASSERTIONS_TOPIC, keys: [developer.ref.id] }]);
  });
});
