import { StoreError } from '../../../kernel/store-error.js';

/** A registration that this store has left behind: it holds a later revision of its store assertion. */
export class RegistrationOutdatedError extends StoreError {
  readonly code = 'registration-outdated';
}
