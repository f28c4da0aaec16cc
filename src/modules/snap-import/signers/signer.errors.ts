import { StoreError } from '../../../kernel/store-error.js';

export class SignerKeyInvalidError extends StoreError {
  readonly code = 'signer-key-invalid';
}

export class SignerNotKnownError extends StoreError {
  readonly code = 'signer-not-known';

  constructor(keyId: string) {
    super(`no signer "${keyId.slice(0, 100)}" is known`, { signer: keyId.slice(0, 100) });
  }
}
