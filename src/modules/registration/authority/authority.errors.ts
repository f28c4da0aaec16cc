import { StoreError } from '../../../kernel/store-error.js';

export class AuthorityMissingError extends StoreError {
  readonly code = 'authority-missing';

  constructor() {
    super('this installation is no registration authority');
  }
}

export class AuthorityExistsError extends StoreError {
  readonly code = 'authority-exists';

  constructor(accountId: string) {
    super(`this installation is the registration authority ${accountId} already`, { authority: accountId });
  }
}

/** What was given cannot be the root of an authority. */
export class AuthorityRootUnfitError extends StoreError {
  readonly code = 'authority-root-unfit';
}

export class OperatorExistsError extends StoreError {
  readonly code = 'operator-exists';

  constructor(email: string) {
    super(`${email} is an operator already`, { email });
  }
}

export class OperatorUnfitError extends StoreError {
  readonly code = 'operator-unfit';
}

/** E-mail address and password do not go together; which of the two is wrong is not told. */
export class CredentialsInvalidError extends StoreError {
  readonly code = 'invalid-credentials';

  constructor() {
    super('the e-mail address or the password is wrong');
  }
}

export class SecondFactorRequiredError extends StoreError {
  readonly code = 'twofactor-required';

  constructor() {
    super('this account needs a one-time password too');
  }
}

export class SecondFactorWrongError extends StoreError {
  readonly code = 'twofactor-failure';

  constructor() {
    super('the one-time password is wrong, or was used before');
  }
}

export class TooManyRequestsError extends StoreError {
  readonly code = 'too-many-requests';

  constructor(readonly retryAfterSeconds: number) {
    super(`too many failed attempts; the next one counts in ${retryAfterSeconds} seconds`, { retryAfterSeconds });
  }
}

/** There is no macaroon, or none that gives a right here and now. */
export class AuthorizationInvalidError extends StoreError {
  readonly code = 'authorization-invalid';
}

export class NonceUnknownError extends StoreError {
  readonly code = 'nonce-unknown';

  constructor() {
    super('the nonce was used before, has run out, or was never given to this account');
  }
}

/** The request is well formed, and this authority does not grant it. */
export class RegistrationDeniedError extends StoreError {
  readonly code = 'registration-denied';
}
