import { StoreError } from '../../../kernel/store-error.js';

/** Where it is looked for is all that an air-gapped store may start. */
export class DeltaProgramMissingError extends StoreError {
  readonly code = 'delta-program-missing';

  constructor(places: readonly string[]) {
    super(`deltas are made by xdelta3, which is not on this machine (${places.join(', ')})`, { places });
  }
}

/** No delta comes of these two files, or none that can be vouched for; trying again by itself would be in vain. */
export class DeltaFailedError extends StoreError {
  readonly code = 'delta-failed';
}
