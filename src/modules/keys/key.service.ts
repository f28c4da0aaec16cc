import { createPublicKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { type Assertion, type AssertionSigner, signAssertionBy } from '../../formats/assertion/index.js';
import { RsaPublicKey } from '../../formats/openpgp/index.js';
import { Clock } from '../../kernel/clock.js';
import { Transaction } from '../../platform/database/transaction.js';
import { parseSealedText, SealBrokenError, Sealing } from '../../platform/sealing/index.js';
import { KeyPair, type MakingOptions, rsaKeyId } from './key-pair.js';
import { KeyRepository } from './key.repository.js';
import {
  KeyHeldAlreadyError,
  KeyInTokenError,
  KeyNameTakenError,
  KeyNotHeldError,
  KeyNotUsableError,
  KeyRetiredError,
  KeysExistError,
} from './keys.errors.js';
import { KEY_PURPOSE, purposeOf, unsealPair } from './sealed-pair.js';
import { type TokenKey, Pkcs11Token } from './token/pkcs11-token.js';
import { hasManyKeys, type KeyAlgorithm, type KeyRole, type KeyState, type StoreKey } from './store-key.entity.js';

/** A key of this store as everybody may know it. */
export interface KeyInfo {
  /** RSA: the public-key-sha3-384 of assertions. Ed25519: the signer id of bundles. Both are base64url, 64 characters. */
  readonly id: string;
  readonly role: KeyRole;
  readonly algorithm: KeyAlgorithm;
  readonly state: KeyState;
  readonly createdAt: Date;
  readonly retiredAt: Date | null;
  /** SubjectPublicKeyInfo. */
  readonly publicPem: string;
  /** The label of the token that keeps the private half; null where the store does, sealed. */
  readonly token: string | null;
  /** Of a brand's key: the account in whose name it signs, and what the brand calls it. */
  readonly accountId: string | null;
  readonly name: string | null;
}

export interface GenerateOptions extends MakingOptions {
  /** Retires the keys that are in use now. */
  readonly force?: boolean;
}

export interface ImportKeyOptions {
  /** Retires the key that has this role now, and brings back one that was retired. */
  readonly force?: boolean;
  /** Of an encrypted key. */
  readonly passphrase?: string | null;
}

/** Whose key it is, and what he calls it. */
export interface KeyOwner {
  readonly accountId: string;
  readonly name: string;
}

/** The key pairs of this store. Private halves are sealed at rest and leave this room only for who signs or carries them. */
@Injectable()
export class KeyService {
  constructor(
    private readonly keys: KeyRepository,
    private readonly sealing: Sealing,
    private readonly token: Pkcs11Token,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the store's identity (RSA-4096) and its bundle signer (Ed25519): both or none.
   * @throws KeysExistError unless forced; the signal's reason
   */
  async generate(options: GenerateOptions = {}): Promise<{ readonly identity: KeyInfo; readonly signer: KeyInfo }> {
    const replace = options.force === true;
    // Found out again below; here it saves the seconds.
    if (!replace) await this.refuseToReplace('identity', 'signer');
    // The quick one first: where nothing can be sealed, nobody waits for the other.
    const signer = await this.sealed(await KeyPair.make('ed25519', options), 'signer');
    const identity = await this.sealed(await KeyPair.make('rsa', options), 'identity');
    options.signal?.throwIfAborted();
    return this.decide(async () => {
      if (!replace) await this.refuseToReplace('identity', 'signer');
      return { identity: await this.activate(identity), signer: await this.activate(signer) };
    });
  }

  /** The active key of a role; of several others the newest. */
  async find(role: KeyRole): Promise<KeyInfo | null> {
    const key = await this.keys.active(role);
    return key === null ? null : infoOf(key);
  }

  /** Retired ones too, oldest first. */
  async list(): Promise<KeyInfo[]> {
    return (await this.keys.all()).map(infoOf);
  }

  /** @throws KeyNotHeldError */
  async get(id: string): Promise<KeyInfo> {
    return infoOf(await this.held(id));
  }

  /**
   * Takes in a private key, PEM or armored OpenPGP. Importing the active key again changes nothing but its seal.
   * @param role null for what its algorithm suggests: an RSA key is the identity, an Ed25519 key the signer; a brand's keys have
   *   names, and come in by `BrandKeyService`
   * @throws KeyNotUsableError, KeyPassphraseNeededError, WrongPassphraseError, KeyHeldAlreadyError
   * @throws KeysExistError, KeyRetiredError unless forced
   */
  async importKey(bytes: Uint8Array, role: KeyRole | null, options: ImportKeyOptions = {}): Promise<KeyInfo> {
    if (role === 'brand') throw new KeyNotUsableError("a brand's key needs a name and an account", { role });
    const pair = KeyPair.read(bytes, options.passphrase ?? null);
    return this.take(pair, role ?? (pair.algorithm === 'rsa' ? 'identity' : 'signer'), options.force === true);
  }

  /**
   * Makes a carried private key (PEM, in clear) the active one of its role, whichever was before. Joins the transaction of
   * who calls it.
   * @throws KeyNotUsableError, KeyHeldAlreadyError
   */
  async adopt(privatePem: string, role: KeyRole): Promise<KeyInfo> {
    return this.take(KeyPair.read(Buffer.from(privatePem)), role, true);
  }

  /**
   * As `adopt`, for what `sealedPrivate` gave here before.
   * @throws SealBrokenError, KeyNotUsableError, KeyHeldAlreadyError
   */
  async adoptSealed(sealedPrivate: string, role: KeyRole): Promise<KeyInfo> {
    const purpose = parseSealedText(sealedPrivate)?.purpose ?? '';
    if (!purpose.startsWith(KEY_PURPOSE)) throw new SealBrokenError('this is not a sealed key', { purpose });
    return this.take(KeyPair.fromDer(await this.sealing.unseal(sealedPrivate, purpose)), role, true);
  }

  /**
   * Takes in a key of a brand, in clear or in a token. The brand's own key again changes nothing but its name.
   * @param force brings back one that was retired
   * @throws KeyNotUsableError, KeyHeldAlreadyError, KeyNameTakenError, KeyRetiredError unless forced
   */
  async addOfBrand(key: KeyPair | TokenKey, owner: KeyOwner, force = false): Promise<KeyInfo> {
    const added = key instanceof KeyPair ? await this.sealedOfBrand(key, owner) : inToken(key, owner, this.clock.now());
    return this.decide(async () => {
      const held = await this.keys.find(added.id);
      if (held !== null && (held.role !== 'brand' || held.accountId !== owner.accountId)) {
        throw new KeyHeldAlreadyError(added.id, held.role, 'brand');
      }
      if (held?.state === 'retired' && !force) throw new KeyRetiredError(added.id);
      await this.refuseBrandName(owner, added.id);
      return this.activate(held === null ? added : { ...added, createdAt: held.createdAt });
    });
  }

  /** @throws KeyNameTakenError where another active key of the account is called so */
  async refuseBrandName({ accountId, name }: KeyOwner, id: string | null = null): Promise<void> {
    const active = (await this.keys.ofBrand(accountId)).filter(({ state }) => state === 'active');
    if (active.some((key) => key.name === name && key.id !== id)) throw new KeyNameTakenError(accountId, name);
  }

  /** The keys of a brand, or of all where it is null; retired ones too, oldest first. */
  async listOfBrand(accountId: string | null): Promise<KeyInfo[]> {
    return (await this.keys.ofBrand(accountId)).map(infoOf);
  }

  /** The private half as it is kept. @throws KeyNotHeldError, KeyInTokenError */
  async sealedPrivate(id: string): Promise<string> {
    return sealedPrivateOf(await this.held(id));
  }

  /** @throws KeyNotHeldError */
  async exportPublicPem(id: string): Promise<string> {
    return (await this.held(id)).publicPem;
  }

  /**
   * Asks an authority to take up the public half of an RSA key: signed by the key itself, valid from now on.
   * @throws KeyNotHeldError, KeyRetiredError, AssertionRefusedError for an account id or a name that assertions cannot carry
   */
  async accountKeyRequest(id: string, { accountId, name }: { accountId: string; name: string }): Promise<Assertion> {
    const signer = await this.assertionSigner(id);
    const now = this.clock.now();
    return signAssertionBy(signer, {
      type: 'account-key-request',
      headers: {
        'account-id': accountId,
        name,
        'public-key-sha3-384': signer.publicKey.id,
        since: now.toISOString(),
      },
      body: signer.publicKey.encode(),
      signedAt: now,
    });
  }

  /**
   * An active RSA key that signs assertions, wherever its private half is.
   * @throws KeyNotHeldError, KeyRetiredError, SealBrokenError, InvalidOpenPgpError for an Ed25519 key
   */
  async assertionSigner(id: string): Promise<AssertionSigner> {
    const key = await this.held(id);
    if (key.state !== 'active') throw new KeyRetiredError(id);
    const publicKey = RsaPublicKey.fromKeyObject(createPublicKey(key.publicPem));
    const { token, tokenObject: objectId } = key;
    if (token !== null && objectId !== null) {
      return { publicKey, signBytes: (bytes) => this.token.sign({ token, objectId }, bytes) };
    }
    const pair = await this.open(id);
    return { publicKey, signBytes: (bytes) => pair.signBytes(bytes) };
  }

  /**
   * Makes a new key for the same role (of a brand with the same name) and retires this one, in one step.
   * @throws KeyNotHeldError, KeyRetiredError, KeyInTokenError, the signal's reason
   */
  async rotate(id: string, options: MakingOptions = {}): Promise<KeyInfo> {
    const old = await this.held(id);
    // Found out again below; here it saves the seconds.
    if (old.state !== 'active') throw new KeyRetiredError(id);
    if (old.token !== null) throw new KeyInTokenError(id, old.token);
    const { accountId, name } = old;
    const successor = await this.sealed(await KeyPair.make(old.algorithm, options), old.role, { accountId, name });
    options.signal?.throwIfAborted();
    return this.decide(async () => {
      if ((await this.held(id)).state !== 'active') throw new KeyRetiredError(id);
      await this.keys.retire(id, this.clock.now());
      return this.activate(successor);
    });
  }

  /** From now on it signs nothing; what it has signed stays. Retiring it again changes nothing. @throws KeyNotHeldError */
  async retire(id: string): Promise<KeyInfo> {
    return this.decide(async () => {
      if ((await this.held(id)).state === 'active') await this.keys.retire(id, this.clock.now());
      return this.get(id);
    });
  }

  /**
   * The private half in clear (PKCS#8), for who carries a registration to another machine.
   * @throws KeyNotHeldError, KeyRetiredError, KeyInTokenError, SealBrokenError
   */
  async privatePem(id: string): Promise<string> {
    return (await this.open(id)).privatePem();
  }

  /** An active key with its private half. @throws KeyNotHeldError, KeyRetiredError, KeyInTokenError, SealBrokenError */
  async open(id: string): Promise<KeyPair> {
    const key = await this.held(id);
    if (key.state !== 'active') throw new KeyRetiredError(id);
    return unsealPair(this.sealing, id, sealedPrivateOf(key));
  }

  private async take(pair: KeyPair, role: KeyRole, replace: boolean): Promise<KeyInfo> {
    pair.checkFits(role);
    const key = await this.sealed(pair, role);
    return this.decide(async () => {
      const held = await this.keys.find(pair.id);
      if (held !== null && held.role !== role) throw new KeyHeldAlreadyError(pair.id, held.role, role);
      if (!replace && held?.state === 'retired') throw new KeyRetiredError(pair.id);
      if (!replace && held === null) await this.refuseToReplace(role);
      return this.activate(held === null ? key : { ...key, createdAt: held.createdAt });
    });
  }

  private async sealed(
    pair: KeyPair,
    role: KeyRole,
    owner: Pick<StoreKey, 'accountId' | 'name'> = { accountId: null, name: null },
  ): Promise<Omit<StoreKey, 'retiredAt'>> {
    const der = pair.privateDer();
    const sealedPrivate = await this.sealing.seal(der, purposeOf(pair.id));
    der.fill(0);
    const { id, algorithm, publicPem } = pair;
    const place = { sealedPrivate, token: null, tokenObject: null };
    return { id, role, algorithm, state: 'active', publicPem, ...place, ...owner, createdAt: this.clock.now() };
  }

  private async sealedOfBrand(pair: KeyPair, owner: KeyOwner): Promise<Omit<StoreKey, 'retiredAt'>> {
    pair.checkFits('brand');
    return this.sealed(pair, 'brand', owner);
  }

  private async activate(key: Omit<StoreKey, 'retiredAt'>): Promise<KeyInfo> {
    const former = hasManyKeys(key.role) ? null : await this.keys.active(key.role);
    if (former !== null && former.id !== key.id) await this.keys.retire(former.id, this.clock.now());
    await this.keys.put(key);
    return this.get(key.id);
  }

  private async refuseToReplace(...roles: readonly KeyRole[]): Promise<void> {
    for (const role of roles) {
      const active = hasManyKeys(role) ? null : await this.keys.active(role);
      if (active !== null) throw new KeysExistError(role, active.id);
    }
  }

  private async held(id: string): Promise<StoreKey> {
    const key = await this.keys.find(id);
    if (key === null) throw new KeyNotHeldError(id);
    return key;
  }

  private decide<T>(work: () => Promise<T>): Promise<T> {
    return this.transaction.run(async () => {
      await this.keys.holdForTransaction();
      return work();
    });
  }
}

/** What is kept of a key whose private half is elsewhere. @throws KeyNotUsableError unless it is RSA, with enough bits */
function inToken({ publicKey, token, objectId }: TokenKey, owner: KeyOwner, now: Date): Omit<StoreKey, 'retiredAt'> {
  const place = { sealedPrivate: null, token, tokenObject: objectId };
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const algorithm = 'rsa' as const;
  return {
    id: rsaKeyId(publicKey),
    role: 'brand',
    algorithm,
    state: 'active',
    publicPem,
    ...place,
    ...owner,
    createdAt: now,
  };
}

function sealedPrivateOf({ id, sealedPrivate, token }: StoreKey): string {
  if (sealedPrivate === null) throw new KeyInTokenError(id, token ?? '');
  return sealedPrivate;
}

function infoOf(key: StoreKey): KeyInfo {
  const { id, role, algorithm, state, createdAt, retiredAt, publicPem, token, accountId, name } = key;
  return { id, role, algorithm, state, createdAt, retiredAt, publicPem, token, accountId, name };
}
