export { sealWithPassphrase, unsealWithPassphrase } from './passphrase-sealing.js';
export { Resealing, type SealedHolder } from './resealing.js';
export { isSealed, parseSealedText } from './sealed-text.js';
export { Sealing } from './sealing.js';
export { SealBrokenError, SealKeyUnusableError, WrongPassphraseError } from './sealing.errors.js';
export { SealedTextRepository } from './sealed-text.repository.js';
