import { describe, expect, it } from 'vitest';

import { SystemClock } from '../../kernel/clock.js';
import { TestAuthority } from '../../../test/support/authority.js';
import { AssertionVerifier, builtinRoots, decodeAssertion, TrustedRoots } from './index.js';

const CANONICAL_REPAIR_KEY = 'nttW6NfBXI_E-00u38W-KH6eiksfQNXuI7IiumoV49_zkbhM0sYTzSnFlwZC-W4t';

describe(TrustedRoots.name, () => {
  it('takes accounts and account-keys that hold, and nothing else', async () => {
    const authority = await TestAuthority.create();
    const declaration = authority.signDeclaration('a'.repeat(32), 'jq', authority.id);
    const foreign = await TestAuthority.create('foreign');
    expect(() => TrustedRoots.of([declaration])).toThrow(/neither/);
    expect(() => TrustedRoots.of([foreign.account])).toThrow(/no root/);
    const damaged = decodeAssertion(
      Buffer.from(foreign.account.encoded.toString().replace('display-name: f', 'display-name: g')),
    );
    expect(() => TrustedRoots.of([damaged, foreign.accountKey])).toThrow(/damaged/);
    const both = authority.roots.with([foreign.account, foreign.accountKey]);
    expect([both.isTrustedAccount('foreign'), both.isTrustedAccount(authority.id), both.isTrustedAccount('x')]).toEqual(
      [true, true, false],
    );
  });
});

describe('roots of trust for repairs', () => {
  it('are account-keys that a root has signed', async () => {
    const authority = await TestAuthority.create();
    const foreign = await TestAuthority.create('foreign');
    const key = authority.signAccountKey(authority.id, foreign.key, { name: 'repair-root' });
    expect(() => authority.roots.withRepairKeys([authority.account])).toThrow(/is no account-key/);
    expect(() => authority.roots.withRepairKeys([foreign.accountKey])).toThrow(/which is no root/);
    const roots = authority.roots.withRepairKeys([key]);
    expect([roots.findRepairKey(foreign.key.id), roots.find(key.ref), roots.isTrusted(key.ref)]).toEqual([
      key,
      key,
      false,
    ]);
    expect(roots.with([foreign.account, foreign.accountKey]).findRepairKey(foreign.key.id)).toBe(key);
  });
});

describe(builtinRoots.name, () => {
  it('trusts Canonical, knows the generic brand, and trusts that no further', () => {
    const roots = builtinRoots();
    const named = roots
      .all()
      .map((assertion) => ({ name: assertion.toString(), trusted: roots.isTrusted(assertion.ref) }));
    expect(named).toEqual([
      { name: 'account/canonical', trusted: true },
      { name: 'account-key/-CvQKAwRQ5h3Ffn10FILJoEZUXOv6km9FwA80-Rcj-f-6jadQ89VRswHNiEB9Lxk', trusted: true },
      { name: 'account/generic', trusted: false },
      { name: 'account-key/d-JcZF9nD9eBw7bwMnH61x-bklnQOhQud1Is6o_cn2wTj8EYDi9musrIT9z2MdAa', trusted: false },
      { name: 'model/16/generic/generic-classic', trusted: false },
      { name: `account-key/${CANONICAL_REPAIR_KEY}`, trusted: false },
    ]);
    expect(roots.findRepairKey(CANONICAL_REPAIR_KEY)?.text('name')).toBe('repair-root');
    expect([roots.isTrustedAccount('canonical'), roots.isTrustedAccount('generic')]).toEqual([true, false]);
  });

  it('knows beforehand only what holds', async () => {
    const roots = builtinRoots();
    const canonicalOnly = TrustedRoots.of(roots.all().filter((assertion) => roots.isTrusted(assertion.ref)));
    const verdicts = await new AssertionVerifier({ roots: canonicalOnly, clock: new SystemClock() }).verify(
      roots.all(),
    );
    expect(verdicts.map(({ error }) => error)).toEqual(verdicts.map(() => null));
    expect(verdicts).toHaveLength(6);
  });
});
