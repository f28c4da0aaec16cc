import { StoreError } from '../../kernel/store-error.js';

/** A certificate, a private key, or what was taken for one will not do; the message names the piece and what is wrong. */
export class CertificateRefusedError extends StoreError {
  readonly code = 'certificate-refused';
}
