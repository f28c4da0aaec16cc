import { StoreError } from '../../../kernel/store-error.js';

/** The file is not one that holds a log-in. Nothing of what is in it is repeated. */
export class StoreLoginUnreadableError extends StoreError {
  readonly code = 'store-login-unreadable';

  constructor(why: string, options?: ErrorOptions) {
    super(`the credentials cannot be read: ${why}`, {}, options);
  }
}
