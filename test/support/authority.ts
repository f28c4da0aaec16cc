import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

import {
  type Assertion,
  type HeaderMap,
  signAssertion,
  SigningKey,
  TrustedRoots,
} from '../../src/formats/assertion/index.js';
import { Clock } from '../../src/kernel/clock.js';

/** When everything that a test authority signs is signed, unless a test says otherwise. */
export const SIGNED_AT = new Date('2026-01-01T00:00:00Z');
export const KEYS_SINCE = '2025-01-01T00:00:00Z';

/** A clock that stands still. */
export class FixedClock extends Clock {
  constructor(private time: Date = SIGNED_AT) {
    super();
  }

  now(): Date {
    return this.time;
  }

  set(time: Date): void {
    this.time = time;
  }
}

/** An RSA key; half as long as a real one, which makes it twenty times as fast to come by. */
export async function newTestKey(): Promise<SigningKey> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return new SigningKey(pair.privateKey);
}

/** An account with a key that signs in its name. */
export class TestAccount {
  constructor(
    readonly id: string,
    readonly key: SigningKey,
  ) {}

  /** Signs with this account as authority; what a type needs beside the given headers is up to the caller. */
  sign(type: string, headers: HeaderMap, options: { body?: string; key?: SigningKey; at?: Date } = {}): Assertion {
    const { body, key = this.key, at = SIGNED_AT } = options;
    const own: HeaderMap = { 'authority-id': this.id, ...headers };
    return signAssertion({ type, headers: own, key, signedAt: at, ...(body !== undefined && { body }) });
  }
}

/** A root of trust of its own: the account, its self-signed key, and accounts and snaps in its name. */
export class TestAuthority extends TestAccount {
  readonly account: Assertion;
  readonly accountKey: Assertion;

  private constructor(id: string, key: SigningKey) {
    super(id, key);
    this.account = this.signAccount(id);
    this.accountKey = this.signAccountKey(id, key);
  }

  static async create(id = 'testauthority'): Promise<TestAuthority> {
    return new TestAuthority(id, await newTestKey());
  }

  get roots(): TrustedRoots {
    return TrustedRoots.of([this.account, this.accountKey]);
  }

  signAccount(id: string, headers: HeaderMap = {}): Assertion {
    return this.sign('account', {
      'account-id': id,
      'display-name': id,
      username: id,
      validation: 'unproven',
      timestamp: SIGNED_AT.toISOString(),
      ...headers,
    });
  }

  signAccountKey(accountId: string, key: SigningKey, headers: HeaderMap = {}): Assertion {
    const own = { 'account-id': accountId, 'public-key-sha3-384': key.id, since: KEYS_SINCE, ...headers };
    return this.sign('account-key', own, { body: key.publicKey.encode() });
  }

  signDeclaration(snapId: string, name: string, publisherId: string, headers: HeaderMap = {}): Assertion {
    return this.sign('snap-declaration', {
      series: '16',
      'snap-id': snapId,
      'snap-name': name,
      'publisher-id': publisherId,
      timestamp: SIGNED_AT.toISOString(),
      ...headers,
    });
  }

  /** @param digest SHA3-384 in base64url */
  signRevision(snapId: string, digest: string, revision: number, headers: HeaderMap = {}): Assertion {
    return this.sign('snap-revision', {
      'snap-sha3-384': digest,
      'snap-id': snapId,
      'snap-size': '20480',
      'snap-revision': String(revision),
      'developer-id': 'developer',
      timestamp: SIGNED_AT.toISOString(),
      ...headers,
    });
  }
}
