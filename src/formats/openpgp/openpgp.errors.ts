import { StoreError } from '../../kernel/store-error.js';

/** Bytes that are not the part of OpenPGP which snapd uses: version 4, RSA, one packet at a time. */
export class InvalidOpenPgpError extends StoreError {
  readonly code = 'invalid-openpgp';
}
