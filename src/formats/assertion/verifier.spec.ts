import { beforeAll, describe, expect, it } from 'vitest';

import { FixedClock, newTestKey, SIGNED_AT, TestAccount, TestAuthority } from '../../../test/support/authority.js';
import {
  type Assertion,
  AssertionRefusedError,
  AssertionVerifier,
  decodeAssertion,
  type HeaderMap,
  type RefusalReason,
  signAssertion,
  type TrustedRoots,
} from './index.js';

const SNAP_ID = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const DIGEST = Buffer.alloc(48, 7).toString('base64url');
const at = SIGNED_AT.toISOString();

let authority: TestAuthority;
let store: TestAccount;
let brand: TestAccount;
let device: TestAccount;
let developer: Assertion;
let storeKey: Assertion;
let brandAccount: Assertion;
let brandKey: Assertion;
let declaration: Assertion;
let revision: Assertion;

beforeAll(async () => {
  authority = await TestAuthority.create();
  store = new TestAccount(authority.id, await newTestKey());
  brand = new TestAccount('brand', await newTestKey());
  device = new TestAccount('device', await newTestKey());
  developer = authority.signAccount('developer');
  storeKey = authority.signAccountKey(authority.id, store.key, { name: 'store' });
  brandAccount = authority.signAccount('brand');
  brandKey = authority.signAccountKey('brand', brand.key, { name: 'default' });
  declaration = declare();
  revision = revise();
});

function declare(headers: HeaderMap = {}): Assertion {
  const own = { series: '16', 'snap-id': SNAP_ID, 'snap-name': 'jq', 'publisher-id': 'developer', timestamp: at };
  return store.sign('snap-declaration', { ...own, ...headers });
}

function revise(headers: HeaderMap = {}, signer: TestAccount = store): Assertion {
  const own = { 'snap-sha3-384': DIGEST, 'snap-id': SNAP_ID, 'snap-size': '20480', 'snap-revision': '3' };
  return signer.sign('snap-revision', { ...own, 'developer-id': 'developer', timestamp: at, ...headers });
}

function modelOf(account: TestAccount, headers: HeaderMap = {}): Assertion {
  const own = {
    series: '16',
    'brand-id': account.id,
    model: 'm',
    architecture: 'amd64',
    gadget: 'pc',
    kernel: 'pc-kernel',
  };
  return account.sign('model', { ...own, timestamp: at, ...headers });
}

function serialOf(account: TestAccount, headers: HeaderMap = {}): Assertion {
  const own = { 'brand-id': 'brand', model: 'm', serial: '1', timestamp: at, 'device-key-sha3-384': device.key.id };
  return account.sign('serial', { ...own, 'device-key': device.key.publicKey.encode(), ...headers });
}

/** Why each is refused, or `ok`. */
async function judge(
  batch: readonly Assertion[],
  options: { roots?: TrustedRoots; now?: Date } = {},
): Promise<string[]> {
  const { roots = authority.roots, now = SIGNED_AT } = options;
  const verdicts = await new AssertionVerifier({ roots, clock: new FixedClock(now) }).verify(batch);
  return verdicts.map(({ error }) => error?.reason ?? 'ok');
}

async function judgeFirst(
  batch: readonly Assertion[],
  options: { roots?: TrustedRoots; now?: Date } = {},
): Promise<string> {
  return (await judge(batch, options))[0] ?? '';
}

const reason = (wanted: RefusalReason) => wanted;

describe(AssertionVerifier.name, () => {
  it('follows a chain to a root, whatever the order', async () => {
    const batch = [revision, declaration, storeKey, developer];
    const verifier = new AssertionVerifier({ roots: authority.roots, clock: new FixedClock() });
    const verdicts = await verifier.verify(batch);
    expect(verdicts.map(({ error }) => error)).toEqual([null, null, null, null]);
    expect(verdicts[0]?.chain).toEqual([store.key.id, authority.key.id]);
    expect(verdicts[3]?.chain).toEqual([authority.key.id]);
  });

  it('takes the roots themselves', async () => {
    expect(await judge([authority.account, authority.accountKey])).toEqual(['ok', 'ok']);
  });

  it.each<[string, () => Assertion[], RefusalReason]>([
    ['without its signing key', () => [revision, declaration, developer], 'key-unknown'],
    ['without its snap-declaration', () => [revision, storeKey, developer], 'prerequisite-missing'],
    ['without its developer', () => [revision, declaration, storeKey], 'prerequisite-missing'],
  ])('refuses a snap-revision %s', async (_name, batch, why) => {
    expect(await judgeFirst(batch())).toBe(why);
  });

  it('refuses everything that only holds itself up', async () => {
    const foreign = await TestAuthority.create('foreign');
    const account = foreign.signAccount('x');
    const batch = [foreign.account, foreign.accountKey, account];
    expect(await judge(batch)).toEqual(batch.map(() => 'key-unknown'));
    expect(await judge(batch, { roots: foreign.roots })).toEqual(['ok', 'ok', 'ok']);
  });

  it('does not take a forged prerequisite for one', async () => {
    const forger = new TestAccount(authority.id, await newTestKey());
    const forgedKey = signAssertion({
      type: 'account-key',
      headers: { ...forgeryHeaders(), 'public-key-sha3-384': forger.key.id },
      body: forger.key.publicKey.encode(),
      key: forger.key,
      signedAt: SIGNED_AT,
    });
    const forgedDeveloper = forger.sign('account', {
      'account-id': 'developer',
      'display-name': 'x',
      validation: 'verified',
      timestamp: at,
    });
    expect(await judge([revision, declaration, storeKey, forgedDeveloper, forgedKey])).toEqual([
      'prerequisite-missing',
      'prerequisite-missing',
      'ok',
      'key-unknown',
      'key-unknown',
    ]);
  });

  function forgeryHeaders(): HeaderMap {
    return { 'authority-id': authority.id, 'account-id': authority.id, since: '2025-01-01T00:00:00Z' };
  }

  it('holds the signature against the content', async () => {
    const other = revise({ 'snap-revision': '4' });
    const swapped = decodeAssertion(Buffer.concat([revision.content, Buffer.from('\n\n'), other.signature]));
    expect(await judgeFirst([swapped, declaration, storeKey, developer])).toBe(reason('signature-wrong'));
    const junk = decodeAssertion(Buffer.concat([revision.content, Buffer.from('\n\nAXNpZw==')]));
    expect(await judgeFirst([junk, declaration, storeKey, developer])).toBe(reason('signature-malformed'));
  });

  it('wants the key to be the authority’s', async () => {
    const assertion = signAssertion({
      type: 'account',
      headers: { 'authority-id': authority.id, 'account-id': 'x', 'display-name': 'x', validation: 'x', timestamp: at },
      key: brand.key,
      signedAt: SIGNED_AT,
    });
    expect(await judgeFirst([assertion, brandKey, brandAccount])).toBe(reason('key-of-another-account'));
  });

  it('wants the key to be valid now', async () => {
    const until = '2026-06-01T00:00:00Z';
    const expiring = authority.signAccountKey(authority.id, store.key, { since: '2025-06-01T00:00:00Z', until });
    const batch = [revision, declaration, expiring, developer];
    expect(await judgeFirst(batch, { now: new Date('2026-05-31T23:59:59Z') })).toBe('ok');
    expect(await judgeFirst(batch, { now: new Date(until) })).toBe(reason('key-not-valid-now'));
    expect(await judgeFirst(batch, { now: new Date('2025-05-31T23:59:59Z') })).toBe(reason('key-not-valid-now'));
  });

  it('wants the key to have been valid when the assertion was made', async () => {
    const young = authority.signAccountKey(authority.id, store.key, { since: '2026-01-01T00:00:01Z' });
    const batch = [revision, declaration, young, developer];
    expect(await judgeFirst(batch, { now: new Date('2026-06-01T00:00:00Z') })).toBe(reason('key-not-valid-then'));
  });

  it('wants the key’s constraints to fit', async () => {
    const constrain = (...constraints: HeaderMap[]) => {
      return authority.signAccountKey('brand', brand.key, {
        format: '1',
        constraints: constraints.map((headers) => ({ headers })),
      });
    };
    const model = modelOf(brand);
    expect(await judgeFirst([model, brandAccount, constrain({ type: 'model' })])).toBe('ok');
    expect(
      await judgeFirst([model, brandAccount, constrain({ type: 'serial' }, { type: 'model', model: 'm|n' })]),
    ).toBe('ok');
    expect(await judgeFirst([model, brandAccount, constrain({ type: 'serial' })])).toBe(reason('key-constraints'));
    expect(await judgeFirst([model, brandAccount, constrain({ type: 'model', model: 'n.*' })])).toBe(
      reason('key-constraints'),
    );
    expect(await judgeFirst([model, brandAccount, constrain({ type: 'model', store: '$MISSING' })])).toBe('ok');
    expect(await judgeFirst([model, brandAccount, constrain({ type: 'model', store: '.*' })])).toBe(
      reason('key-constraints'),
    );
  });

  it('refuses formats that it does not know', async () => {
    const text = declaration.encoded
      .toString()
      .replace('type: snap-declaration\n', 'type: snap-declaration\nformat: 99\n');
    expect(await judgeFirst([decodeAssertion(Buffer.from(text)), storeKey, developer])).toBe(
      reason('format-unsupported'),
    );
  });

  it.each<[string, () => Assertion]>([
    [
      'account',
      () => brand.sign('account', { 'account-id': 'x', 'display-name': 'x', validation: 'x', timestamp: at }),
    ],
    [
      'account-key',
      () =>
        brand.sign(
          'account-key',
          { 'account-id': 'brand', 'public-key-sha3-384': device.key.id, since: at },
          { body: device.key.publicKey.encode() },
        ),
    ],
    [
      'snap-declaration',
      () =>
        brand.sign('snap-declaration', {
          series: '16',
          'snap-id': SNAP_ID,
          'snap-name': 'jq',
          'publisher-id': 'brand',
          timestamp: at,
        }),
    ],
    ['snap-revision', () => revise({}, brand)],
    [
      'snap-resource-pair',
      () =>
        brand.sign('snap-resource-pair', {
          'snap-id': SNAP_ID,
          'resource-name': 'res',
          'resource-revision': '1',
          'snap-revision': '1',
          'developer-id': 'developer',
          timestamp: at,
        }),
    ],
    ['snap-developer', () => brand.sign('snap-developer', { 'snap-id': SNAP_ID, 'publisher-id': 'developer' })],
    ['store', () => brand.sign('store', { store: 's', 'operator-id': 'brand', timestamp: at })],
    ['base-declaration', () => brand.sign('base-declaration', { series: '16', timestamp: at })],
    [
      'confdb-schema of the system',
      () =>
        brand.sign(
          'confdb-schema',
          { 'account-id': 'system', name: 'network', views: { v: { rules: [{ storage: 'a' }] } }, timestamp: at },
          { body: '{\n  "storage": {\n    "schema": {\n      "a": "string"\n    }\n  }\n}' },
        ),
    ],
  ])('wants a trusted authority for %s', async (_type, make) => {
    const assertion = make();
    const batch = [assertion, brandAccount, brandKey, developer, declaration, storeKey];
    expect(await judgeFirst(batch)).toBe(reason('not-trusted-authority'));
  });

  it('wants the accounts of keys, publishers and operators to be known', async () => {
    const operated = store.sign('store', { store: 's', 'operator-id': 'brand', timestamp: at });
    expect(await judgeFirst([operated, storeKey])).toBe(reason('prerequisite-missing'));
    expect(await judgeFirst([operated, storeKey, brandAccount])).toBe('ok');
    expect(await judgeFirst([brandKey])).toBe(reason('prerequisite-missing'));
    expect(await judgeFirst([declaration, storeKey])).toBe(reason('prerequisite-missing'));
  });

  it('lets one account have one key of a name', async () => {
    const second = authority.signAccountKey('brand', device.key, { name: 'default' });
    expect((await judge([brandKey, second, brandAccount])).filter((verdict) => verdict !== 'ok')).toEqual([
      reason('consistency'),
    ]);
  });

  it('lets a snap-declaration allow other authorities for a provenance', async () => {
    const allowing = declare({
      'revision-authority': [{ 'account-id': 'brand', provenance: ['prov'], 'min-revision': '2', 'max-revision': '3' }],
    });
    const rest = [allowing, storeKey, developer, brandAccount, brandKey];
    const by = (headers: HeaderMap) => revise(headers, brand);
    expect(await judgeFirst([by({ provenance: 'prov' }), ...rest])).toBe('ok');
    expect(await judgeFirst([by({ provenance: 'other' }), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([by({ provenance: 'prov', 'snap-revision': '1' }), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([by({ provenance: 'prov', 'snap-revision': '4' }), ...rest])).toBe(reason('consistency'));
    const withdrawn = declare({ revision: '1' });
    expect(await judgeFirst([by({ provenance: 'prov' }), withdrawn, ...rest])).toBe(reason('consistency'));
  });

  it('lets a model allow other authorities for serials', async () => {
    const serial = serialOf(store);
    const rest = [storeKey, brandAccount, brandKey];
    expect(await judgeFirst([serialOf(brand), ...rest])).toBe('ok');
    expect(await judgeFirst([serial, ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([serial, modelOf(brand), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([serial, modelOf(brand, { 'serial-authority': [authority.id] }), ...rest])).toBe('ok');
  });

  it('wants a validation to be signed by the gating snap’s publisher', async () => {
    const headers = {
      series: '16',
      'snap-id': SNAP_ID,
      'approved-snap-id': SNAP_ID,
      'approved-snap-revision': '1',
      timestamp: at,
    };
    const gated = declare({ 'publisher-id': 'brand' });
    const rest = [gated, storeKey, brandAccount, brandKey];
    expect(await judgeFirst([brand.sign('validation', headers), ...rest])).toBe('ok');
    expect(await judgeFirst([store.sign('validation', headers), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([brand.sign('validation', headers), ...rest.slice(1)])).toBe(
      reason('prerequisite-missing'),
    );
  });

  it('checks what a device signs by its serial', async () => {
    const headers = { 'brand-id': 'brand', model: 'm', serial: '1', nonce: 'n', timestamp: at };
    const sign = (key = device.key) =>
      signAssertion({ type: 'device-session-request', headers, key, signedAt: SIGNED_AT });
    const rest = [serialOf(brand), brandAccount, brandKey];
    expect(await judgeFirst([sign(), ...rest])).toBe('ok');
    expect(await judgeFirst([sign(brand.key), ...rest])).toBe(reason('key-unknown'));
    expect(await judgeFirst([sign()])).toBe(reason('prerequisite-missing'));
  });

  it('checks what carries its own key by that', async () => {
    const request = { 'account-id': 'brand', name: 'n', since: at, 'public-key-sha3-384': device.key.id };
    const sign = (key = device.key) => {
      return signAssertion({
        type: 'account-key-request',
        headers: request,
        body: device.key.publicKey.encode(),
        key,
        signedAt: SIGNED_AT,
      });
    };
    expect(await judgeFirst([sign(), brandAccount])).toBe('ok');
    expect(await judgeFirst([sign(brand.key), brandAccount])).toBe(reason('signature-wrong'));
    expect(await judgeFirst([sign()])).toBe(reason('prerequisite-missing'));
  });

  it('uses what was verified before, and prefers what is newer', async () => {
    const known = { find: () => Promise.resolve(storeKey), accountKeysNamed: () => Promise.resolve([]) };
    const verifier = new AssertionVerifier({ roots: authority.roots, clock: new FixedClock(), known });
    const snapBuild = store.sign('snap-build', {
      'snap-sha3-384': DIGEST,
      'snap-id': SNAP_ID,
      grade: 'stable',
      'snap-size': '1',
      timestamp: at,
    });
    expect((await verifier.verify([snapBuild]))[0]?.error).toBeNull();
    const expired = authority.signAccountKey(authority.id, store.key, {
      name: 'store',
      revision: '1',
      until: '2025-12-31T00:00:00Z',
    });
    expect((await verifier.verify([snapBuild, expired]))[0]?.error?.reason).toBe(reason('key-not-valid-now'));
  });

  it('looks older revisions of a key up where files are judged by themselves', async () => {
    const narrowed = authority.signAccountKey(authority.id, store.key, {
      name: 'store',
      revision: '1',
      since: '2026-02-01T00:00:00Z',
    });
    const clock = new FixedClock(new Date('2026-03-01T00:00:00Z'));
    const batch = [revision, declaration, storeKey, narrowed, developer];
    const strict = await new AssertionVerifier({ roots: authority.roots, clock }).verify(batch);
    expect(strict[0]?.error?.reason).toBe(reason('key-not-valid-then'));
    const lenient = await new AssertionVerifier({ roots: authority.roots, clock, byKeysOfAnyRevision: true }).verify(
      batch,
    );
    expect(lenient.map(({ error }) => error)).toEqual([null, null, null, null, null]);
  });

  it('fetches what one assertion needs as it turns out to be needed', async () => {
    const help = new Map([declaration, storeKey, developer].map((assertion) => [assertion.ref.id, assertion]));
    const asked: string[] = [];
    const lookup = (ref: { id: string }) => {
      asked.push(ref.id);
      return Promise.resolve(help.get(ref.id) ?? null);
    };
    const verifier = new AssertionVerifier({ roots: authority.roots, clock: new FixedClock() });
    expect((await verifier.verifyOne(revision, lookup)).chain).toEqual([store.key.id, authority.key.id]);
    expect(new Set(asked).size).toBe(asked.length);
    help.delete(declaration.ref.id);
    await expect(verifier.verifyOne(revision, lookup)).rejects.toThrow(AssertionRefusedError);
  });

  it('comes to an end with a heap of assertions that lack each other', async () => {
    const loose = Array.from({ length: 200 }, (_, index) => modelOf(brand, { model: `m${index}` }));
    expect(new Set(await judge(loose))).toEqual(new Set([reason('key-unknown')]));
  });
});
