import { StoreError } from '../../kernel/store-error.js';

/** A sealed text that does not open: damaged, made for something else, or sealed under a key that is not the one at hand. */
export class SealBrokenError extends StoreError {
  readonly code = 'seal-broken';
}

export class WrongPassphraseError extends StoreError {
  readonly code = 'wrong-passphrase';
}

/** There is no key to seal with where `proxy.seal.source` says that it is. */
export class SealKeyUnusableError extends StoreError {
  readonly code = 'seal-key-unusable';
}
