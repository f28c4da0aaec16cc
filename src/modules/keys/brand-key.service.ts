import { Injectable } from '@nestjs/common';

import { KeyPair, type MakingOptions } from './key-pair.js';
import { type KeyInfo, type KeyOwner, KeyService } from './key.service.js';
import { BrandKeyUnknownError, KeyNameUnfitError } from './keys.errors.js';
import { Pkcs11Token } from './token/pkcs11-token.js';

/** As account-keys name keys and their accounts (snapd: asserts/account_key.go, asserts/account.go). */
const KEY_NAME = /^(?=[a-z0-9-]*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/;
const ACCOUNT_ID = /^(?:[a-z0-9A-Z]{32}|[-a-z0-9]{2,28})$/;
const MAX_NAME = 64;
const PROGRESS_EVERY_MS = 250;

/** `token`: made in the PKCS#11 token and never out of it. `store`: sealed in the database. */
export type KeyPlace = 'token' | 'store';

/** Keys that sign in the name of brands. A device takes what they sign once their account-keys are signed by a root that it trusts. */
@Injectable()
export class BrandKeyService {
  constructor(
    private readonly keys: KeyService,
    private readonly token: Pkcs11Token,
  ) {}

  /** Where a new key is made unless somebody says otherwise. */
  get usualPlace(): KeyPlace {
    return this.token.isConfigured ? 'token' : 'store';
  }

  /**
   * Makes an RSA key pair of 4096 bits.
   * @throws KeyNameUnfitError, KeyNameTakenError, the signal's reason, what a token fails with
   */
  async create(
    owner: KeyOwner,
    place: KeyPlace,
    { onProgress = () => undefined, signal }: MakingOptions = {},
  ): Promise<KeyInfo> {
    checkOwner(owner);
    // Found out again when it is taken in; here it saves the seconds, and a key in the token that nobody has a use for.
    await this.keys.refuseBrandName(owner);
    if (place === 'store') {
      const options = signal === undefined ? { onProgress } : { onProgress, signal };
      return this.keys.addOfBrand(await KeyPair.make('rsa', options), owner);
    }
    const step = `having the token "${this.token.label}" make an RSA key of 4096 bits`;
    const startedAt = performance.now();
    const tell = (): void => {
      onProgress({ step, elapsedMs: Math.round(performance.now() - startedAt) });
    };
    tell();
    const timer = setInterval(tell, PROGRESS_EVERY_MS);
    try {
      return await this.keys.addOfBrand(await this.token.generate(owner.name, signal), owner);
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * Takes in a private RSA key, PEM or armored OpenPGP.
   * @param options.force brings back one that was retired
   * @throws KeyNameUnfitError, KeyNameTakenError, KeyNotUsableError, KeyPassphraseNeededError, WrongPassphraseError,
   *   KeyHeldAlreadyError, KeyRetiredError unless forced
   */
  async take(
    owner: KeyOwner,
    bytes: Uint8Array,
    { passphrase = null, force = false }: { readonly passphrase?: string | null; readonly force?: boolean } = {},
  ): Promise<KeyInfo> {
    checkOwner(owner);
    return this.keys.addOfBrand(KeyPair.read(bytes, passphrase), owner, force);
  }

  /**
   * Puts an RSA key pair to use that is in the token already.
   * @param objectId its CKA_ID in hex
   * @throws KeyNameUnfitError, KeyNameTakenError, KeyHeldAlreadyError, KeyRetiredError unless forced, what a token fails with
   */
  async adopt(owner: KeyOwner, objectId: string, force = false): Promise<KeyInfo> {
    checkOwner(owner);
    const key = await this.token.find(objectId.replace(/^0x|:/g, '').toLowerCase());
    // The public half tells nothing of whether the private one is there.
    await this.token.sign(key, Buffer.from(key.objectId));
    return this.keys.addOfBrand(key, owner, force);
  }

  /** Retired ones too, oldest first. @param accountId null for those of all brands */
  list(accountId: string | null = null): Promise<KeyInfo[]> {
    return this.keys.listOfBrand(accountId);
  }

  /**
   * An active key by its id or, among those of a brand, by its name.
   * @param accountId null where any brand will do
   * @throws BrandKeyUnknownError where none fits, or several do
   */
  async named(idOrName: string, accountId: string | null = null): Promise<KeyInfo> {
    const active = (await this.list(accountId)).filter(({ state }) => state === 'active');
    const fitting = active.filter(({ id, name }) => id === idOrName || name === idOrName);
    const [key] = fitting;
    const shown = idOrName.slice(0, 100);
    if (key === undefined) throw new BrandKeyUnknownError(`no brand has an active key "${shown}" here`, { key: shown });
    if (fitting.length > 1) {
      throw new BrandKeyUnknownError(`several brands have a key with the name "${shown}"`, { key: shown });
    }
    return key;
  }
}

function checkOwner({ accountId, name }: KeyOwner): void {
  if (!ACCOUNT_ID.test(accountId)) {
    throw new KeyNameUnfitError(`"${accountId.slice(0, 100)}" is no account id`, { account: accountId.slice(0, 100) });
  }
  if (name.length > MAX_NAME || !KEY_NAME.test(name)) {
    throw new KeyNameUnfitError(
      `"${name.slice(0, 100)}" cannot be a key's name: up to ${MAX_NAME} lower case letters, digits and dashes between them`,
      { name: name.slice(0, 100) },
    );
  }
}
