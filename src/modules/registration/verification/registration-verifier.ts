import { createPrivateKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { type Assertion, printable, SigningKey } from '../../../formats/assertion/index.js';
import { messageOf } from '../../../kernel/store-error.js';
import { AssertionService } from '../../assertions/index.js';
import { RegistrationRefusedError } from '../registration.errors.js';
import { isSameUrl } from '../store-url.js';
import { VerifiedRegistration } from './verified-registration.js';

/** What somebody says that this store is; nothing of it is believed. */
export interface ClaimedRegistration {
  /** In any order: exactly one store assertion, and the accounts and account-keys that it needs up to a trusted root. */
  readonly assertions: readonly Assertion[];
  /** Beside the assertion's own; null where nothing else names it. */
  readonly storeId: string | null;
  /** What was asked for; null where only the assertion says. */
  readonly url: string | null;
  /** Of the store's RSA key; null where no key belongs to it. */
  readonly keyId: string | null;
  /** In PEM, where the private half comes along. */
  readonly privatePem: string | null;
  /** An authority of ours always says whose key it is; Canonical's bundles do not. */
  readonly origin: 'authority' | 'bundle';
}

const KNOWN_TYPES = ['account', 'account-key', 'store'];

/** Decides whether a registration may be kept. */
@Injectable()
export class RegistrationVerifier {
  constructor(private readonly assertions: AssertionService) {}

  /**
   * Verifies every assertion to a trusted root (Canonical's, or one of `proxy.trust.extra-roots`), and that the store assertion is
   * made out for this id, this URL and this key. An account-key for the store's key must belong to the store's operator: with the
   * answer of an authority there has to be one.
   * @throws RegistrationRefusedError saying which of it does not hold; nothing is kept
   */
  async verify(claim: ClaimedRegistration): Promise<VerifiedRegistration> {
    const store = theStore(claim.assertions);
    await this.requireTrust(claim.assertions);
    requireStoreId(claim, store);
    const url = requireUrl(claim, store);
    requireKey(claim, store);
    const { keyId, privatePem, origin } = claim;
    return VerifiedRegistration.of({
      storeId: store.text('store'),
      url,
      assertions: [...claim.assertions].sort((left, right) => orderOf(left) - orderOf(right)),
      keyId,
      privatePem,
      origin,
    });
  }

  /** What needs nobody's word: a store without a store assertion, whose devices are pointed at its URL. */
  selfIssued(identity: { readonly url: string; readonly keyId: string | null }): VerifiedRegistration {
    return VerifiedRegistration.of({
      ...identity,
      storeId: null,
      assertions: [],
      privatePem: null,
      origin: 'self-issued',
    });
  }

  private async requireTrust(assertions: readonly Assertion[]): Promise<void> {
    for (const { error } of await this.assertions.verify(assertions)) {
      if (error === null) continue;
      throw new RegistrationRefusedError('trust', error.message, { cause: error });
    }
  }
}

function theStore(assertions: readonly Assertion[]): Assertion {
  const stray = assertions.find(({ type }) => !KNOWN_TYPES.includes(type.name));
  if (stray !== undefined) throw new RegistrationRefusedError('form', `${stray.toString()} does not belong into one`);
  const [store, ...others] = assertions.filter(({ type }) => type.name === 'store');
  if (store === undefined) throw new RegistrationRefusedError('form', 'it holds no store assertion');
  if (others.length > 0) throw new RegistrationRefusedError('form', 'it holds more than one store assertion');
  return store;
}

function requireStoreId({ storeId }: ClaimedRegistration, store: Assertion): void {
  if (storeId === null || storeId === store.text('store')) return;
  throw new RegistrationRefusedError('store-id', `${store.toString()} is not about store ${printable(storeId)}`);
}

function requireUrl({ url }: ClaimedRegistration, store: Assertion): string {
  const signed = store.text('url');
  if (signed === '') throw new RegistrationRefusedError('url', `${store.toString()} has no URL: no device can use it`);
  if (url !== null && !isSameUrl(url, signed)) {
    throw new RegistrationRefusedError('url', `${store.toString()} is for ${printable(signed)} and not for ${url}`);
  }
  return signed;
}

function requireKey({ keyId, privatePem, origin, assertions }: ClaimedRegistration, store: Assertion): void {
  if (privatePem !== null && keyIdOf(privatePem) !== keyId) {
    throw new RegistrationRefusedError('key', 'the private key in it does not belong to the public key in it');
  }
  const accountKey = assertions.find((one) => one.type.name === 'account-key' && one.primaryKey[0] === keyId);
  if (accountKey === undefined) {
    if (origin === 'bundle') return;
    throw new RegistrationRefusedError(
      'key',
      `no account-key in it is about the key of this store (${keyId ?? 'none'})`,
    );
  }
  if (accountKey.text('account-id') !== store.text('operator-id')) {
    const [owner, operator] = [accountKey.text('account-id'), store.text('operator-id')].map(printable);
    throw new RegistrationRefusedError(
      'key',
      `the key of this store belongs to ${owner} and not to its operator ${operator}`,
    );
  }
}

function keyIdOf(privatePem: string): string {
  try {
    return new SigningKey(createPrivateKey(privatePem)).id;
  } catch (error) {
    throw new RegistrationRefusedError('key', `the private key in it cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Accounts before the keys that are theirs, and the store last: each stands on what comes before. */
function orderOf(assertion: Assertion): number {
  return KNOWN_TYPES.indexOf(assertion.type.name);
}
