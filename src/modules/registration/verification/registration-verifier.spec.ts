import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  FixedClock,
  newTestKey,
  SIGNED_AT,
  type TestAccount,
  TestAuthority,
} from '../../../../test/support/authority.js';
import { type Assertion, AssertionVerifier, SigningKey } from '../../../formats/assertion/index.js';
import type { AssertionService } from '../../assertions/index.js';
import { type RegistrationFlaw, RegistrationRefusedError } from '../registration.errors.js';
import { type ClaimedRegistration, RegistrationVerifier } from './registration-verifier.js';

const URL_ASKED = 'https://snaps.internal';
const { privateKey: storeKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const storePem = storeKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const keyId = new SigningKey(createPrivateKey(storePem)).id;

let root: TestAuthority;
let stranger: TestAuthority;
let verifier: RegistrationVerifier;

function storeOf(authority: TestAccount, headers: Record<string, string> = {}): Assertion {
  const own = { store: 'teststore', 'operator-id': 'operator', url: URL_ASKED, timestamp: SIGNED_AT.toISOString() };
  return authority.sign('store', { ...own, ...headers });
}

function claim(changes: Partial<ClaimedRegistration> = {}): ClaimedRegistration {
  return {
    assertions: [
      storeOf(root),
      root.signAccountKey('operator', new SigningKey(storeKey)),
      root.signAccount('operator'),
    ],
    storeId: 'teststore',
    url: URL_ASKED,
    keyId,
    privatePem: null,
    origin: 'authority',
    ...changes,
  };
}

async function flawOf(refused: ClaimedRegistration): Promise<RegistrationFlaw> {
  const error: unknown = await verifier.verify(refused).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RegistrationRefusedError)) throw new Error(`not refused: ${String(error)}`);
  return error.details.flaw as RegistrationFlaw;
}

beforeAll(async () => {
  root = await TestAuthority.create('trustedroot');
  stranger = await TestAuthority.create('stranger');
  const assertions = new AssertionVerifier({ roots: root.roots, clock: new FixedClock() });
  verifier = new RegistrationVerifier({
    verify: (batch: readonly Assertion[]) => assertions.verify(batch),
  } as unknown as AssertionService);
});

describe(RegistrationVerifier.name, () => {
  it('lets through what a trusted root signed for this store, URL and key, in the order of prerequisites', async () => {
    const verified = await verifier.verify(claim());
    expect(verified).toMatchObject({ storeId: 'teststore', url: URL_ASKED, keyId, origin: 'authority' });
    expect(verified.assertions.map(({ type }) => type.name)).toEqual(['account', 'account-key', 'store']);
  });

  it('takes the URL as it was signed, and the same place written otherwise for the same', async () => {
    const signed = 'https://SNAPS.internal:443/';
    const assertions = [storeOf(root, { url: signed }), ...claim().assertions.slice(1)];
    expect(await verifier.verify(claim({ assertions }))).toMatchObject({ url: signed });
  });

  it('takes a carried bundle whose authority says nothing about the key', async () => {
    const assertions = [storeOf(root), root.signAccount('operator')];
    expect(await verifier.verify(claim({ assertions, origin: 'bundle', privatePem: storePem }))).toMatchObject({
      privatePem: storePem,
      origin: 'bundle',
    });
  });

  it.each<[RegistrationFlaw, string, () => Partial<ClaimedRegistration>]>([
    [
      'trust',
      'an untrusted root signed it',
      () => ({
        assertions: [storeOf(stranger), ...claim().assertions.slice(1), stranger.account, stranger.accountKey],
      }),
    ],
    ['trust', 'the operator is not vouched for', () => ({ assertions: claim().assertions.slice(0, 1) })],
    ['url', 'it is for another URL', () => ({ url: 'https://other.internal' })],
    ['url', 'it is for another scheme', () => ({ url: 'http://snaps.internal' })],
    [
      'url',
      'neither it nor anything else has a URL',
      () => ({ url: null, assertions: [storeOf(root, { url: '' }), ...claim().assertions.slice(1)] }),
    ],
    ['url', 'it has no URL', () => ({ assertions: [storeOf(root, { url: '' }), ...claim().assertions.slice(1)] })],
    ['store-id', 'the answer names another store', () => ({ storeId: 'otherstore' })],
    ['key', 'it is for another key', () => ({ keyId: 'A'.repeat(64) })],
    [
      'key',
      'the key is of another account',
      () => ({
        assertions: [
          storeOf(root),
          root.signAccount('operator'),
          root.signAccount('other'),
          root.signAccountKey('other', new SigningKey(storeKey)),
        ],
      }),
    ],
    ['form', 'there is no store in it', () => ({ assertions: claim().assertions.slice(1) })],
    [
      'form',
      'there are two stores in it',
      () => ({ assertions: [...claim().assertions, storeOf(root, { store: 'second' })] }),
    ],
    [
      'form',
      'something else is in it',
      () => ({
        assertions: [
          ...claim().assertions,
          root.sign('snap-declaration', {
            series: '16',
            'snap-id': 'a'.repeat(32),
            'snap-name': 'jq',
            'publisher-id': 'operator',
            timestamp: SIGNED_AT.toISOString(),
          }),
        ],
      }),
    ],
    ['key', 'the private key is no key', () => ({ privatePem: 'nonsense' })],
  ])('refuses (%s) where %s', async (flaw, _, changes) => {
    expect(await flawOf(claim(changes()))).toBe(flaw);
  });

  it('refuses a private key that belongs to another public one', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const privatePem = other.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await flawOf(claim({ privatePem, origin: 'bundle' }))).toBe('key');
  });

  it('refuses a carried bundle whose authority gives the key to somebody else', async () => {
    const key = await newTestKey();
    const assertions = [
      storeOf(root),
      root.signAccount('operator'),
      root.signAccount('other'),
      root.signAccountKey('other', key),
    ];
    expect(await flawOf(claim({ assertions, keyId: key.id, origin: 'bundle' }))).toBe('key');
  });
});
