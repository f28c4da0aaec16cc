import { StoreError } from '../../kernel/store-error.js';

export class ValidationSetNotHeldError extends StoreError {
  readonly code = 'validation-set-not-held';

  constructor(what: string) {
    super(`this store holds no validation set ${what}`, { validationSet: what });
  }
}

/** Several accounts have a set of this name. */
export class ValidationSetAmbiguousError extends StoreError {
  readonly code = 'validation-set-ambiguous';

  constructor(name: string, titles: readonly string[]) {
    super(`several accounts have a validation set ${name}: ${titles.join(', ')}`, { name, titles });
  }
}

/** A set that no device could meet with what is held. */
export class ValidationSetIncompleteError extends StoreError {
  readonly code = 'validation-set-incomplete';

  constructor(title: string, missing: readonly string[]) {
    super(`validation set ${title} requires what this store does not hold: ${missing.join(', ')}`, {
      validationSet: title,
      missing,
    });
  }
}

/** No assertion says whose the key is. */
export class KeyWithoutAccountError extends StoreError {
  readonly code = 'key-without-account';

  constructor(keyId: string) {
    super(`no account-key in this store says whose key ${keyId} is`, { keyId });
  }
}

/** Several brands call a key so. */
export class KeyAmbiguousError extends StoreError {
  readonly code = 'key-ambiguous';

  constructor(name: string) {
    super(`several brands have a key of the name ${name}`, { name });
  }
}

/** The key is another account's than the one that the set is to be of. */
export class KeyOfAnotherAccountError extends StoreError {
  readonly code = 'key-of-another-account';

  constructor(keyId: string, owner: string, wanted: string) {
    super(`key ${keyId} is of account ${owner}, and the validation set is of ${wanted}`, { keyId, owner, wanted });
  }
}

/** Neither the file nor the store knows the id. */
export class SnapIdUnknownError extends StoreError {
  readonly code = 'snap-id-unknown';

  constructor(name: string) {
    super(`the snap-id of ${name} is neither in the file nor known here: this store holds no such snap`, { name });
  }
}
