import { StoreError } from '../../../kernel/store-error.js';

/** A registration whose private keys only the installation password opens. */
export class RegistrationSealedError extends StoreError {
  readonly code = 'registration-sealed';

  constructor(file: string) {
    super(`${file} was made with an installation password, and that is needed to open it`, { file });
  }
}
