import {
  type Assertion,
  AssertionVerifier,
  type HeaderMap,
  type RefusalReason,
  type TrustedRoots,
} from '../../src/formats/assertion/index.js';
import { FixedClock, newTestKey, SIGNED_AT, TestAccount, TestAuthority } from './authority.js';

/** A small world of signed statements: a root, a store key below it, a brand with a device, a developer with a snap. */
export const SNAP_ID = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
export const DIGEST = Buffer.alloc(48, 7).toString('base64url');
export const at = SIGNED_AT.toISOString();

export const authority = await TestAuthority.create();
export const store = new TestAccount(authority.id, await newTestKey());
export const brand = new TestAccount('brand', await newTestKey());
export const device = new TestAccount('device', await newTestKey());
export const developer = authority.signAccount('developer');
export const storeKey = authority.signAccountKey(authority.id, store.key, { name: 'store' });
export const brandAccount = authority.signAccount('brand');
export const brandKey = authority.signAccountKey('brand', brand.key, { name: 'default' });
export const declaration = declare();
export const revision = revise();

export function declare(headers: HeaderMap = {}): Assertion {
  const own = { series: '16', 'snap-id': SNAP_ID, 'snap-name': 'jq', 'publisher-id': 'developer', timestamp: at };
  return store.sign('snap-declaration', { ...own, ...headers });
}

export function revise(headers: HeaderMap = {}, signer: TestAccount = store): Assertion {
  const own = { 'snap-sha3-384': DIGEST, 'snap-id': SNAP_ID, 'snap-size': '20480', 'snap-revision': '3' };
  return signer.sign('snap-revision', { ...own, 'developer-id': 'developer', timestamp: at, ...headers });
}

export function modelOf(account: TestAccount, headers: HeaderMap = {}): Assertion {
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

export function serialOf(account: TestAccount, headers: HeaderMap = {}): Assertion {
  const own = { 'brand-id': 'brand', model: 'm', serial: '1', timestamp: at, 'device-key-sha3-384': device.key.id };
  return account.sign('serial', { ...own, 'device-key': device.key.publicKey.encode(), ...headers });
}

/** Why each is refused, or `ok`. */
export async function judge(
  batch: readonly Assertion[],
  options: { roots?: TrustedRoots; now?: Date } = {},
): Promise<string[]> {
  const { roots = authority.roots, now = SIGNED_AT } = options;
  const verdicts = await new AssertionVerifier({ roots, clock: new FixedClock(now) }).verify(batch);
  return verdicts.map(({ error }) => error?.reason ?? 'ok');
}

export async function judgeFirst(
  batch: readonly Assertion[],
  options: { roots?: TrustedRoots; now?: Date } = {},
): Promise<string> {
  return (await judge(batch, options))[0] ?? '';
}

export const reason = (wanted: RefusalReason): RefusalReason => wanted;
