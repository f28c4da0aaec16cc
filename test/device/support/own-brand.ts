import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type Assertion,
  encodeAssertionStream,
  type HeaderMap,
  signAssertion,
  SigningKey,
} from '../../../src/formats/assertion/index.js';
import { RsaPublicKey } from '../../../src/formats/openpgp/index.js';
import { testRoot } from './client.js';

const ROOT = 'testrootorg';
/** A store that the models name and nobody has an assertion for: a device registers because of it. */
const MODEL_STORE = 'acme-store';

/** A brand below snapd's test root: its account, the key that signs its models, and word for whatever else signs for it. */
export class OwnBrand {
  readonly id = 'acme';
  private readonly key = new SigningKey(generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey);
  private readonly account: Assertion;
  private readonly modelKey: Assertion;

  private constructor(private readonly root: SigningKey) {
    const named = { 'account-id': this.id, 'display-name': 'Acme', validation: 'unproven' };
    this.account = this.byRoot('account', { ...named, timestamp: new Date().toISOString() });
    this.modelKey = this.accountKey(this.key.publicKey, 'models');
  }

  static async open(): Promise<OwnBrand> {
    return new OwnBrand(SigningKey.fromArmored(await readFile(testRoot.rootSecretKey, 'utf8')));
  }

  /** Writes the root's word for a key that the store has, as an operator carries it there. @returns the file */
  async vouchFor(publicPem: string, folder: string): Promise<string> {
    const file = join(folder, 'acme-keys.assert');
    const key = this.accountKey(RsaPublicKey.fromKeyObject(createPublicKey(publicPem)), 'serials');
    await writeFile(file, encodeAssertionStream([this.account, this.modelKey, key]));
    return file;
  }

  /** Writes a seed for classic devices of a model, with what proves the model, and nothing about serials. @returns its folder */
  async writeSeed(folder: string, model: string): Promise<string> {
    const seed = join(folder, `seed-${model}`);
    await mkdir(join(seed, 'assertions'), { recursive: true });
    const timestamp = new Date().toISOString();
    const headers = { 'authority-id': this.id, series: '16', 'brand-id': this.id, model, classic: 'true' };
    const signed = signAssertion({
      type: 'model',
      headers: { ...headers, store: MODEL_STORE, timestamp },
      key: this.key,
      signedAt: new Date(),
    });
    await writeFile(
      join(seed, 'assertions/model.assert'),
      encodeAssertionStream([this.account, this.modelKey, signed]),
    );
    return seed;
  }

  private accountKey(publicKey: RsaPublicKey, name: string): Assertion {
    const headers = { 'public-key-sha3-384': publicKey.id, 'account-id': this.id, name };
    return this.byRoot('account-key', { ...headers, since: '2020-01-01T00:00:00Z' }, publicKey.encode());
  }

  private byRoot(type: string, headers: HeaderMap, body?: string): Assertion {
    return signAssertion({
      type,
      headers: { 'authority-id': ROOT, ...headers },
      ...(body === undefined ? {} : { body }),
      key: this.root,
      signedAt: new Date(),
    });
  }
}
