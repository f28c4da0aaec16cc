import { StoreError } from '../../kernel/store-error.js';

/** A registration bundle that is not one, or whose parts do not fit each other. Never repeats what a field holds of a key. */
export class RegistrationBundleError extends StoreError {
  readonly code = 'registration-bundle-invalid';

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${reason}`, { file, reason }, options);
  }
}
