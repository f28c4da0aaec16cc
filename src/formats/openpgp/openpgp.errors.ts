import { StoreError } from '../../kernel/store-error.js';

/** Bytes that are not the part of OpenPGP which snapd uses: version 4, RSA, one packet at a time. */
export class InvalidOpenPgpError extends StoreError {
  readonly code = 'invalid-openpgp';
}

/** The key is protected, and its passphrase is missing or does not open it. */
export class OpenPgpPassphraseError extends InvalidOpenPgpError {
  constructor(readonly state: 'needed' | 'wrong') {
    super(
      state === 'needed'
        ? 'the secret key is protected by a passphrase'
        : 'the passphrase does not open the secret key, or the key is damaged',
    );
  }
}
