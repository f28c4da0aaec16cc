export { sealWithPassphrase, unsealWithPassphrase } from './passphrase-sealing.js';
export { isSealed, Sealing } from './sealing.js';
export { SealBrokenError, SealKeyUnusableError, WrongPassphraseError } from './sealing.errors.js';
