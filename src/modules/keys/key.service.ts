import { Injectable } from '@nestjs/common';

import { type Assertion, signAssertion, SigningKey } from '../../formats/assertion/index.js';
import { Clock } from '../../kernel/clock.js';
import { Transaction } from '../../platform/database/transaction.js';
import { parseSealedText, SealBrokenError, Sealing } from '../../platform/sealing/index.js';
import { KeyPair, type MakingOptions } from './key-pair.js';
import { KeyRepository } from './key.repository.js';
import { KeyHeldAlreadyError, KeyNotHeldError, KeyRetiredError, KeysExistError } from './keys.errors.js';
import type { KeyAlgorithm, KeyRole, KeyState, StoreKey } from './store-key.entity.js';

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

/** The key pairs of this store. Private halves are sealed at rest and leave this room only for who signs or carries them. */
@Injectable()
export class KeyService {
  constructor(
    private readonly keys: KeyRepository,
    private readonly sealing: Sealing,
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
   * @param role null for what its algorithm suggests: an RSA key is the identity, an Ed25519 key the signer
   * @throws KeyNotUsableError, KeyPassphraseNeededError, WrongPassphraseError, KeyHeldAlreadyError
   * @throws KeysExistError, KeyRetiredError unless forced
   */
  async importKey(bytes: Uint8Array, role: KeyRole | null, options: ImportKeyOptions = {}): Promise<KeyInfo> {
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
    if (!purpose.startsWith(PURPOSE)) throw new SealBrokenError('this is not a sealed key', { purpose });
    return this.take(KeyPair.fromDer(await this.sealing.unseal(sealedPrivate, purpose)), role, true);
  }

  /** The private half as it is kept. @throws KeyNotHeldError */
  async sealedPrivate(id: string): Promise<string> {
    return (await this.held(id)).sealedPrivate;
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
    const key = new SigningKey((await this.open(id)).privateKey);
    const now = this.clock.now();
    return signAssertion({
      type: 'account-key-request',
      headers: {
        'account-id': accountId,
        name,
        'public-key-sha3-384': key.id,
        since: now.toISOString(),
      },
      body: key.publicKey.encode(),
      key,
      signedAt: now,
    });
  }

  /**
   * Makes a new key for the same role and retires this one, in one step.
   * @throws KeyNotHeldError, KeyRetiredError, the signal's reason
   */
  async rotate(id: string, options: MakingOptions = {}): Promise<KeyInfo> {
    const old = await this.held(id);
    // Found out again below; here it saves the seconds.
    if (old.state !== 'active') throw new KeyRetiredError(id);
    const successor = await this.sealed(await KeyPair.make(old.algorithm, options), old.role);
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
   * @throws KeyNotHeldError, KeyRetiredError, SealBrokenError
   */
  async privatePem(id: string): Promise<string> {
    return (await this.open(id)).privatePem();
  }

  /** An active key with its private half. @throws KeyNotHeldError, KeyRetiredError, SealBrokenError */
  async open(id: string): Promise<KeyPair> {
    const key = await this.held(id);
    if (key.state !== 'active') throw new KeyRetiredError(id);
    const der = await this.sealing.unseal(key.sealedPrivate, purposeOf(id));
    try {
      return KeyPair.fromDer(der);
    } finally {
      der.fill(0);
    }
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

  private async sealed(pair: KeyPair, role: KeyRole): Promise<Omit<StoreKey, 'retiredAt'>> {
    const der = pair.privateDer();
    const sealedPrivate = await this.sealing.seal(der, purposeOf(pair.id));
    der.fill(0);
    const { id, algorithm, publicPem } = pair;
    return { id, role, algorithm, state: 'active', publicPem, sealedPrivate, createdAt: this.clock.now() };
  }

  private async activate(key: Omit<StoreKey, 'retiredAt'>): Promise<KeyInfo> {
    const former = key.role === 'other' ? null : await this.keys.active(key.role);
    if (former !== null && former.id !== key.id) await this.keys.retire(former.id, this.clock.now());
    await this.keys.put(key);
    return this.get(key.id);
  }

  private async refuseToReplace(...roles: readonly KeyRole[]): Promise<void> {
    for (const role of roles) {
      const active = role === 'other' ? null : await this.keys.active(role);
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

const PURPOSE = 'key/';

function purposeOf(id: string): string {
  return `${PURPOSE}${id}`;
}

function infoOf({ id, role, algorithm, state, createdAt, retiredAt, publicPem }: StoreKey): KeyInfo {
  return { id, role, algorithm, state, createdAt, retiredAt, publicPem };
}
