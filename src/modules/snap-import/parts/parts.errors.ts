import { StoreError } from '../../../kernel/store-error.js';

/** No more parts can be kept that wait for others. */
export class TooManyWaitingPartsError extends StoreError {
  readonly code = 'too-many-waiting-parts';
}

/** Nothing waits for the other parts of this bundle. */
export class NoWaitingPartsError extends StoreError {
  readonly code = 'no-waiting-parts';
}
