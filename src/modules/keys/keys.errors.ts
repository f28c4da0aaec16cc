import { StoreError } from '../../kernel/store-error.js';
import type { KeyRole } from './store-key.entity.js';

export class KeyNotHeldError extends StoreError {
  readonly code = 'key-not-held';

  constructor(id: string) {
    super(`this store holds no key "${id.slice(0, 100)}"`, { key: id.slice(0, 100) });
  }
}

/** No key has the role at the moment. */
export class NoActiveKeyError extends StoreError {
  readonly code = 'no-active-key';

  constructor(role: KeyRole) {
    super(`this store has no active ${role} key`, { role });
  }
}

export class KeyRetiredError extends StoreError {
  readonly code = 'key-retired';

  constructor(id: string) {
    super(`key ${id} is retired: it signs nothing any more`, { key: id });
  }
}

/** A new key would take the place of one that is in use. */
export class KeysExistError extends StoreError {
  readonly code = 'keys-exist';

  constructor(role: KeyRole, id: string) {
    super(`this store has an active ${role} key already: ${id}`, { role, key: id });
  }
}

/** The same key cannot have two roles. */
export class KeyHeldAlreadyError extends StoreError {
  readonly code = 'key-held-already';

  constructor(id: string, role: KeyRole, wanted: KeyRole) {
    super(`key ${id} is held already, as ${role} and not as ${wanted}`, { key: id, role });
  }
}

/** What was given is no private key, or none that its role can use. */
export class KeyNotUsableError extends StoreError {
  readonly code = 'key-not-usable';
}

export class KeyPassphraseNeededError extends StoreError {
  readonly code = 'key-passphrase-needed';
}

/** What was asked for needs the private half, and a token never gives it away. */
export class KeyInTokenError extends StoreError {
  readonly code = 'key-in-token';

  constructor(id: string, token: string) {
    super(`the private half of key ${id} is in the token "${token}" and stays there`, { key: id, token });
  }
}

/** Two active keys of a brand cannot have the same name. */
export class KeyNameTakenError extends StoreError {
  readonly code = 'key-name-taken';

  constructor(accountId: string, name: string) {
    super(`${accountId} has an active key with the name "${name}" already`, { account: accountId, name });
  }
}

/** What a key or its account is to be called cannot stand in an account-key. */
export class KeyNameUnfitError extends StoreError {
  readonly code = 'key-name-unfit';
}

/** Several keys fit, or none does. */
export class BrandKeyUnknownError extends StoreError {
  readonly code = 'brand-key-unknown';
}
