import type { Assertion } from '../../../formats/assertion/index.js';

/** Where a registration comes from: an authority's answer, a file that carried it here, or nobody but the operator. */
export type RegistrationOrigin = 'authority' | 'bundle' | 'self-issued';

const proof: unique symbol = Symbol('verified');

/**
 * A registration that may be kept. Only `RegistrationVerifier` makes one: whatever asks for it as a parameter cannot be handed
 * what was not verified.
 */
export class VerifiedRegistration {
  /** Null is: self-issued, there is no store assertion. */
  readonly storeId: string | null;
  /** As it was signed. */
  readonly url: string;
  /** In prerequisite order, the store assertion last; empty where it is self-issued. */
  readonly assertions: readonly Assertion[];
  /** Of the store's RSA key; null where no key belongs to it. */
  readonly keyId: string | null;
  /** The key's private half in PEM where it came along; null where this store holds it already. */
  readonly privatePem: string | null;
  readonly origin: RegistrationOrigin;
  readonly [proof] = true;

  private constructor(fields: VerifiedFields) {
    this.storeId = fields.storeId;
    this.url = fields.url;
    this.assertions = fields.assertions;
    this.keyId = fields.keyId;
    this.privatePem = fields.privatePem;
    this.origin = fields.origin;
  }

  /** For the verifier alone. */
  static of(fields: VerifiedFields): VerifiedRegistration {
    return new VerifiedRegistration(fields);
  }
}

interface VerifiedFields {
  readonly storeId: string | null;
  readonly url: string;
  readonly assertions: readonly Assertion[];
  readonly keyId: string | null;
  readonly privatePem: string | null;
  readonly origin: RegistrationOrigin;
}
