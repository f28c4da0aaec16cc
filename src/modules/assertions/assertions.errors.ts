import { StoreError } from '../../kernel/store-error.js';

/** A file of assertions that could not be read at all. */
export class AssertionFileError extends StoreError {
  readonly code = 'assertion-file';

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`${path} ${why}`, { path }, options);
  }
}
