import { StoreError } from '../../kernel/store-error.js';

/** What does not hold about a registration. */
export type RegistrationFlaw = 'form' | 'trust' | 'store-id' | 'url' | 'key';

/** A registration that came in and must not be kept: not signed by whom we trust, or made out for somebody else. */
export class RegistrationRefusedError extends StoreError {
  readonly code = 'registration-refused';

  constructor(flaw: RegistrationFlaw, why: string, options?: ErrorOptions) {
    super(`the registration is refused: ${why}`, { flaw }, options);
  }
}

/** There is nothing yet to register: the store's own name is part of what is signed. */
export class StoreUrlUnknownError extends StoreError {
  readonly code = 'store-url-unknown';
}
