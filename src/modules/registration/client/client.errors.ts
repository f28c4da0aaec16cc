import { StoreError } from '../../../kernel/store-error.js';

/** The identity provider does not let this account in. Nothing was written: the command can be typed again. */
export abstract class LoginRefusedError extends StoreError {}

export class CredentialsRefusedError extends LoginRefusedError {
  readonly code = 'credentials-refused';
}

/** The account has a second factor, and no one-time password came along. */
export class OtpRequiredError extends LoginRefusedError {
  readonly code = 'otp-required';
}

export class OtpRefusedError extends LoginRefusedError {
  readonly code = 'otp-refused';
}

export class TooManyAttemptsError extends LoginRefusedError {
  readonly code = 'too-many-attempts';
}

/** It is suspended, deactivated, or has something to do elsewhere first. */
export class AccountBlockedError extends LoginRefusedError {
  readonly code = 'account-blocked';
}

/** The authority understood and says no. */
export class AuthorityRefusedError extends StoreError {
  readonly code = 'authority-refused';

  constructor(message: string, authorityCode: string) {
    super(message, { authorityCode });
  }
}

/** The authority does not lead to the identity provider that is configured. */
export class IdentityProviderUnfitError extends StoreError {
  readonly code = 'identity-provider-unfit';
}

/** There is no key to register: the store's own, which it has to prove that it holds. */
export class IdentityKeyMissingError extends StoreError {
  readonly code = 'identity-key-missing';
}
