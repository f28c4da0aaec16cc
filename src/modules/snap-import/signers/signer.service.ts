import { createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import {
  MANIFEST_PATH,
  rawPublicKey,
  signerKeyId,
  type BundleSigner as ManifestSigner,
} from '../../../formats/bundle/index.js';
import { messageOf } from '../../../kernel/store-error.js';
import { Settings } from '../../../platform/config/settings.js';
import { SignatureRequiredError, SignerUnknownError } from '../import.errors.js';
import type { ImportSignature } from '../import-report.js';
import type { BundleSigner } from './bundle-signer.entity.js';
import { BundleSignerRepository } from './bundle-signer.repository.js';
import { SignerKeyInvalidError, SignerNotKnownError } from './signer.errors.js';

const REQUIRED_SIGNERS = 'proxy.policy.required-signers';
const MAX_NAME = 100;

/** Whose bundle manifests this store accepts. */
@Injectable()
export class SignerService {
  constructor(
    private readonly repository: BundleSignerRepository,
    private readonly settings: Settings,
  ) {}

  /** Oldest first. */
  list(): Promise<BundleSigner[]> {
    return this.repository.all();
  }

  /**
   * Makes a signer known by its public key (Ed25519, PEM). Adding it again changes nothing.
   * @throws SignerKeyInvalidError
   */
  async add(publicKeyPem: string, name: string): Promise<{ readonly keyId: string; readonly wasKnown: boolean }> {
    const key = parsePublicKey(publicKeyPem);
    const keyId = signerKeyId(rawPublicKey(key));
    const publicKey = key.export({ type: 'spki', format: 'pem' }).toString();
    const isNew = await this.repository.add({ keyId, publicKey, name: name.slice(0, MAX_NAME) });
    return { keyId, wasKnown: !isNew };
  }

  /** What it signed before stays in the store. @throws SignerNotKnownError */
  async remove(keyId: string): Promise<void> {
    if (!(await this.repository.remove(keyId))) throw new SignerNotKnownError(keyId);
  }

  /**
   * Says how far a carried file can be relied upon for what no assertion covers: channel map and metadata.
   * @param signer whose signature over the manifest was checked and holds; null where there is none
   * @throws SignerUnknownError, SignatureRequiredError
   */
  async judge(signer: ManifestSigner | null, file: string): Promise<ImportSignature> {
    const place = { file, member: signer === null ? null : MANIFEST_PATH };
    const required = this.settings.list(REQUIRED_SIGNERS);
    if (signer === null) {
      if (required.length > 0) throw new SignatureRequiredError(place, `is not signed, and ${REQUIRED_SIGNERS} is set`);
      return { state: 'unsigned', signer: null, signerName: null };
    }
    const known = await this.repository.find(signer.keyId);
    if (known === null) throw new SignerUnknownError(place, signer.keyId);
    if (required.length > 0 && !required.includes('any') && !required.includes(signer.keyId))
      throw new SignatureRequiredError(place, `is signed by ${signer.keyId}, who is not in ${REQUIRED_SIGNERS}`);
    return { state: 'known-signer', signer: signer.keyId, signerName: known.name };
  }
}

function parsePublicKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw new SignerKeyInvalidError(`this is not a public key in PEM: ${messageOf(error)}`, {}, { cause: error });
  }
  if (pem.includes('PRIVATE KEY'))
    throw new SignerKeyInvalidError('this is a private key; a signer is made known by its public key');
  if (key.asymmetricKeyType !== 'ed25519')
    throw new SignerKeyInvalidError(
      `this is a key for ${String(key.asymmetricKeyType)}; bundles are signed by Ed25519`,
    );
  return key;
}
