import type { Assertion } from '../../../formats/assertion/index.js';
import type { Macaroon } from '../../../formats/macaroon/index.js';
import type { Question, SignedRegistrationRequest } from '../../../formats/registration-protocol/index.js';

/** An account of the identity provider. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
  /** Null until it is asked for. */
  readonly otp: string | null;
}

/** The right to speak to the authority in the name of an account. */
export interface Authorization {
  readonly root: Macaroon;
  /** Bound to the root. */
  readonly discharge: Macaroon;
}

/** What an authority answers; nothing of it is verified. */
export interface RegistrationAnswer {
  readonly storeId: string;
  readonly assertions: readonly Assertion[];
}

/**
 * The way to a registration authority and its identity provider (docs/registration-protocol.md). Every method throws what the way
 * there fails with, an `AuthorityRefusedError` for a refusal, and the signal's reason.
 */
export abstract class AuthorityClient {
  /** The authority's URL, as its operator gave it; without a slash at the end. */
  abstract readonly location: string;
  /** Host, and port where it is not the scheme's own, of the identity provider: what the authority's caveat names. */
  abstract readonly identityProvider: string;

  abstract requestMacaroon(signal: AbortSignal): Promise<Macaroon>;

  /** @throws LoginRefusedError */
  abstract discharge(caveatId: string, credentials: Credentials, signal: AbortSignal): Promise<Macaroon>;

  abstract questions(authorization: Authorization, signal: AbortSignal): Promise<readonly Question[]>;

  /** Of use for one request, and for a few minutes. */
  abstract nonce(authorization: Authorization, signal: AbortSignal): Promise<string>;

  abstract register(
    authorization: Authorization,
    request: SignedRegistrationRequest,
    signal: AbortSignal,
  ): Promise<RegistrationAnswer>;
}
