export { InvalidOpenPgpError, OpenPgpPassphraseError } from './openpgp.errors.js';
export { RsaPublicKey } from './public-key.js';
export { readArmoredSecretKey } from './secret-key.js';
export {
  createSignature,
  createSignatureBy,
  decodeSignature,
  type RsaSignature,
  verifySignature,
} from './signature.js';
