import { StoreError } from '../../kernel/store-error.js';

/** The text is no macaroon, or cannot be made one. */
export class InvalidMacaroonError extends StoreError {
  readonly code = 'invalid-macaroon';
}

/** A macaroon that gives no right: its signature, one of its caveats or one of its discharges does not hold. */
export class MacaroonRefusedError extends StoreError {
  readonly code = 'macaroon-refused';
}
