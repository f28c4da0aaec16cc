import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FixedClock } from '../../../../test/support/authority.js';
import { startOnlineStore, type EmulatedOnlineStore } from '../../../../test/support/online-store.js';
import { TestAuthority } from '../../../../test/support/test-authority.js';
import { type Assertion, assertionRef, TrustedRoots } from '../../../formats/assertion/index.js';
import { Settings } from '../../../platform/config/settings.js';
import type { AirgapMode } from '../../airgap-policy/index.js';
import type { TrustedRootsService } from '../../assertions/index.js';
import { connectOnlineStore, type OnlineStore } from '../../upstream/index.js';
import { AssertionFetchService, type FetchedAssertions, type WantedAssertion } from './assertion-fetch.service.js';

const NOW = new Date('2026-01-02T00:00:00Z');
const authority = TestAuthority.create();
const { key, accountKey } = authority.delegate();
const publisher = authority.publisher('someone');

let upstream: EmulatedOnlineStore;
let store: OnlineStore;

beforeEach(async () => {
  upstream = await startOnlineStore({ authority });
  upstream.offerAssertions([accountKey, publisher]);
  const settings = new Settings({ flag: new Map([['proxy.upstream', upstream.url]]) });
  const connection = { mayCallOut: () => undefined, userAgent: 'test', retries: { tries: 1 } };
  store = connectOnlineStore(settings, connection, { auth: null, storeId: null });
});
afterEach(async () => {
  await store.close();
  await upstream.close();
});

function validationSet(sequence: number, signedBy = authority): Assertion {
  return signedBy.sign(
    'validation-set',
    {
      series: '16',
      'account-id': authority.id,
      name: 'classroom',
      sequence: String(sequence),
      snaps: [{ name: 'jq', id: 'j'.repeat(32), presence: 'required' }],
    },
    ...(signedBy === authority ? [key] : []),
  );
}

function model(more: Readonly<Record<string, string>> = {}): Assertion {
  const headers = { series: '16', 'brand-id': authority.id, model: 'lab', architecture: 'amd64', ...more };
  return authority.sign('model', { ...headers, gadget: 'pc', kernel: 'pc-kernel' }, key);
}

function fetch(...wanted: WantedAssertion[]): Promise<FetchedAssertions> {
  const roots = { current: () => Promise.resolve(TrustedRoots.of(authority.roots)) } as TrustedRootsService;
  const mode = { mustBeOff: () => undefined } as unknown as AirgapMode;
  const { signal } = new AbortController();
  return new AssertionFetchService(roots, mode, new FixedClock(NOW)).fetch(wanted, { store, signal });
}

const set = (sequence: number | null): WantedAssertion => {
  return { type: 'validation-set', accountId: authority.id, name: 'classroom', sequence };
};

describe(AssertionFetchService.name, () => {
  it('brings the last of a sequence, or the one that is named, after the key that signed it', async () => {
    upstream.offerAssertions([validationSet(1), validationSet(2)]);
    for (const [asked, sequence] of [
      [set(null), 2],
      [set(1), 1],
    ] as const) {
      const { wanted, chain } = await fetch(asked);
      expect(wanted.map(String)).toEqual([`validation-set/16/${authority.id}/classroom/${sequence}`]);
      expect(chain).toEqual([accountKey, ...wanted]);
    }
  });

  it('brings several, each with what it needs, and nothing twice', async () => {
    upstream.offerAssertions([validationSet(1), model()]);
    const wanted = [
      set(null),
      { type: 'model', brandId: authority.id, model: 'lab' },
      { type: 'account', accountId: 'someone' },
      { type: 'account-key', keyId: key.id },
    ] as const;
    const fetched = await fetch(...wanted);
    expect(fetched.wanted.map(({ type }) => type.name)).toEqual(wanted.map(({ type }) => type));
    expect(fetched.chain.map(({ type }) => type.name)).toEqual(['account-key', 'validation-set', 'model', 'account']);
  });

  it('brings the store that a model names, with its operator, and does without where there is none', async () => {
    const lab = { type: 'model', brandId: authority.id, model: 'lab' } as const;
    upstream.offerAssertions([model({ store: 'acme-store' })]);
    expect((await fetch(lab)).companions).toEqual([]);
    upstream.offerAssertions([authority.sign('store', { store: 'acme-store', 'operator-id': 'someone' }, key)]);
    const { wanted, companions, chain } = await fetch(lab);
    expect([wanted, companions].map((list) => list.map(String))).toEqual([
      [`model/16/${authority.id}/lab`],
      ['store/acme-store'],
    ]);
    expect(chain.map(({ type }) => type.name)).toEqual(['account-key', 'model', 'account', 'store']);
  });

  it('brings what else has a primary key', async () => {
    const declaration = authority.snap({ name: 'jq', snapId: 'j'.repeat(32), revision: 1 }, key).assertions[1]!;
    upstream.offerAssertions([declaration, authority.publisher('testpublisher')]);
    const { wanted, chain } = await fetch({ type: 'other', ref: declaration.ref });
    expect(wanted.map(String)).toEqual([declaration.toString()]);
    expect(chain.map(({ type }) => type.name)).toContain('account');
    await expect(
      fetch({ type: 'other', ref: assertionRef('snap-declaration', ['16', 'k'.repeat(32)]) }),
    ).rejects.toMatchObject({ code: 'fetch-refused' });
  });

  it('brings nothing of what every store trusts already', async () => {
    expect((await fetch({ type: 'account', accountId: authority.id })).chain).toEqual([]);
  });

  it.each<[string, WantedAssertion, RegExp]>([
    ['a set', set(7), /^validation-set testauthority\/classroom=7: the online store has no such assertion$/],
    ['a model', { type: 'model', brandId: 'someone', model: 'x' }, /^model someone\/x: the online store has no such/],
    ['an account', { type: 'account', accountId: 'nobody' }, /^account nobody: the online store has no such/],
    ['a key', { type: 'account-key', keyId: 'k'.repeat(64) }, /^account-key k{64}: the online store has no such/],
  ])('says that the store does not have %s', async (_what, wanted, message) => {
    await expect(fetch(wanted)).rejects.toMatchObject({
      code: 'fetch-refused',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses what nobody trusted has signed, and what lacks its key', async () => {
    const stranger = TestAuthority.create(authority.id);
    upstream.offerAssertions([validationSet(3, stranger), ...stranger.roots.slice(1)]);
    await expect(fetch(set(3))).rejects.toMatchObject({
      code: 'fetch-refused',
      message: expect.stringMatching(/^validation-set testauthority\/classroom=3: /) as string,
    });
    const unknown = authority.delegate();
    upstream.offerAssertions([authority.sign('model', model().headers, unknown.key)]);
    await expect(fetch({ type: 'model', brandId: authority.id, model: 'lab' })).rejects.toMatchObject({
      code: 'fetch-refused',
      message: expect.stringMatching(/^model testauthority\/lab: the store has no account-key/) as string,
    });
  });
});
