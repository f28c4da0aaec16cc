import { describe, expect, it } from 'vitest';

import {
  at,
  authority,
  brand,
  brandAccount,
  brandKey,
  declaration,
  developer,
  DIGEST,
  judge,
  judgeFirst,
  modelOf,
  reason,
  revise,
  revision,
  SNAP_ID,
  store,
  storeKey,
} from '../../../test/support/assertion-world.js';
import { FixedClock, newTestKey, SIGNED_AT, TestAccount, TestAuthority } from '../../../test/support/authority.js';
import {
  type Assertion,
  AssertionRefusedError,
  AssertionVerifier,
  decodeAssertion,
  type HeaderMap,
  type RefusalReason,
  signAssertion,
} from './index.js';

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

  it('goes by the newer revision that is known, whatever the batch brings', async () => {
    const expired = authority.signAccountKey(authority.id, store.key, { revision: '1', until: '2025-12-31T00:00:00Z' });
    const known = { find: () => Promise.resolve(expired), accountKeysNamed: () => Promise.resolve([]) };
    const verifier = new AssertionVerifier({ roots: authority.roots, clock: new FixedClock(), known });
    const [verdict] = await verifier.verify([declaration, storeKey, developer]);
    expect(verdict?.error?.reason).toBe(reason('key-not-valid-now'));
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
