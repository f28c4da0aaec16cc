import { createPublicKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { type AssertionSigner, SigningKey } from '../../formats/assertion/index.js';
import { type ManifestSigner, rawPublicKey } from '../../formats/bundle/index.js';
import { KeyService } from './key.service.js';

/** Signs with the store's active keys. A key is unsealed for each use and not kept: a retired one signs nothing more. */
@Injectable()
export class SigningService {
  constructor(private readonly keys: KeyService) {}

  /**
   * For assertions, at once; the key has to be RSA, and sealed here.
   * @throws KeyNotHeldError, KeyRetiredError, KeyInTokenError, SealBrokenError, InvalidOpenPgpError for an Ed25519 key
   */
  async signingKey(id: string): Promise<SigningKey> {
    return new SigningKey((await this.keys.open(id)).privateKey);
  }

  /**
   * For assertions, wherever the key is: sealed here, or in a token that takes its time.
   * @throws KeyNotHeldError, KeyRetiredError, SealBrokenError, InvalidOpenPgpError for an Ed25519 key; what the token fails with comes
   *   when something is signed
   */
  assertionSigner(id: string): Promise<AssertionSigner> {
    return this.keys.assertionSigner(id);
  }

  /** Signs bundles and inventories with the store's active Ed25519 key; null where it has none (`generate-keys` makes one). */
  async manifestSigner(): Promise<ManifestSigner | null> {
    const key = await this.keys.find('signer');
    if (key === null) return null;
    const publicKey = rawPublicKey(createPublicKey(key.publicPem));
    return { keyId: key.id, publicKey, sign: (bytes) => this.signBytes(key.id, bytes) };
  }

  /**
   * A bare signature: RSA PKCS#1 v1.5 over SHA-512, or Ed25519.
   * @throws KeyNotHeldError, KeyRetiredError, SealBrokenError
   */
  async signBytes(id: string, bytes: Uint8Array): Promise<Buffer> {
    return (await this.keys.open(id)).signBytes(bytes);
  }
}
