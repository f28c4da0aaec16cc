import { beforeAll, describe, expect, it } from 'vitest';

import { newTestKey, SIGNED_AT, TestAuthority } from '../../../../test/support/authority.js';
import { type SigningKey, TrustedRoots } from '../../../formats/assertion/index.js';
import { AuthorityRootUnfitError } from './authority.errors.js';
import { chainBelowRoot, makeRoot, readRoot } from './authority-root.js';

let key: SigningKey;
let given: TestAuthority;

beforeAll(async () => {
  key = await newTestKey();
  given = await TestAuthority.create('givenroot');
});

describe(makeRoot.name, () => {
  it('signs itself, and can be trusted', () => {
    const { accountId, keyId, assertions } = makeRoot('acme-lab', key, SIGNED_AT);
    expect([accountId, keyId]).toEqual(['acme-lab', key.id]);
    expect(TrustedRoots.of(assertions).isTrustedAccount('acme-lab')).toBe(true);
    expect(chainBelowRoot(assertions)).toEqual([]);
  });

  it.each(['', 'a', 'Acme', 'acme lab', '-acme', 'acme-', 'a--b', 'a'.repeat(29), 'canonical'])(
    'refuses the name "%s"',
    (name) => {
      expect(() => makeRoot(name, key, SIGNED_AT)).toThrow(AuthorityRootUnfitError);
    },
  );
});

describe(readRoot.name, () => {
  it('takes a root with its own key', () => {
    const root = readRoot([given.accountKey, given.account], given.key);
    expect(root.accountId).toBe('givenroot');
    expect(root.assertions[0]).toBe(given.account);
  });

  it('takes another key of the root, which then has to be shown', () => {
    const delegate = given.signAccountKey('givenroot', key, { name: 'delegate' });
    const root = readRoot([given.account, given.accountKey, delegate], key);
    expect(root.keyId).toBe(key.id);
    expect(chainBelowRoot(root.assertions)).toEqual([delegate]);
  });

  it('refuses what does not fit together', async () => {
    const other = await TestAuthority.create('otherroot');
    const delegate = given.signAccountKey('givenroot', key, { name: 'delegate' });
    const unfit: [readonly Parameters<typeof readRoot>[0][number][], SigningKey][] = [
      [[given.account, given.accountKey], key],
      [[given.accountKey], given.key],
      [[given.account, delegate], key],
      [[other.account, given.accountKey], given.key],
    ];
    for (const [assertions, signer] of unfit)
      expect(() => readRoot(assertions, signer)).toThrow(AuthorityRootUnfitError);
  });
});
