import { StoreError } from '../../../kernel/store-error.js';

/** No PKCS#11 module is configured, or no token of it. */
export class TokenNotConfiguredError extends StoreError {
  readonly code = 'hsm-not-configured';

  constructor(setting: string) {
    super(`${setting} is not set, and so no key can be kept in a token`, { setting });
  }
}

/** `pkcs11-tool`, which does the work, is not on this machine. */
export class TokenToolMissingError extends StoreError {
  readonly code = 'hsm-tool-missing';

  constructor(places: readonly string[]) {
    super(`there is no pkcs11-tool on this machine (looked for ${places.join(', ')})`, { places });
  }
}

/** The PKCS#11 module cannot be loaded. */
export class TokenModuleUnusableError extends StoreError {
  readonly code = 'hsm-module-unusable';

  constructor(module: string) {
    super(`the PKCS#11 module ${module} cannot be loaded`, { module });
  }
}

export class TokenMissingError extends StoreError {
  readonly code = 'hsm-token-missing';

  constructor(token: string) {
    super(`the PKCS#11 module knows no token with the label "${token}"`, { token });
  }
}

/** A token locks itself after a few wrong PINs: one that it has refused is not tried again. */
export class TokenPinRefusedError extends StoreError {
  readonly code = 'hsm-pin-refused';

  constructor(token: string, why: string) {
    super(`the token "${token}" does not take the PIN (${why})`, { token });
  }
}

export class TokenKeyMissingError extends StoreError {
  readonly code = 'hsm-key-missing';

  constructor(token: string, objectId: string) {
    super(`the token "${token}" has no RSA key pair with the id ${objectId}`, { token, objectId });
  }
}

/** The token did not do what it was asked for, or not in time. */
export class TokenFailedError extends StoreError {
  readonly code = 'hsm-failed';
}

/** So many wait for the token already that this one would wait for too long. */
export class TokenBusyError extends StoreError {
  readonly code = 'hsm-busy';

  constructor() {
    super('the token has more to do already than it can in a while');
  }
}
