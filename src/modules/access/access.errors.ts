import { StoreError } from '../../kernel/store-error.js';

/** Never repeats the password. */
export class PasswordUnusableError extends StoreError {
  readonly code = 'password-unusable';
}
