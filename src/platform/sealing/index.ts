export { sealWithPassphrase, unsealWithPassphrase } from './passphrase-sealing.js';
export { isSealed, parseSealedText } from './sealed-text.js';
export { Sealing } from './sealing.js';
export { SealBrokenError, SealKeyUnusableError, WrongPassphraseError } from './sealing.errors.js';
