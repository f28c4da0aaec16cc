import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';

import { rawPublicKey, signerKeyId } from '../../formats/bundle/index.js';
import {
  InvalidOpenPgpError,
  OpenPgpPassphraseError,
  readArmoredSecretKey,
  RsaPublicKey,
} from '../../formats/openpgp/index.js';
import { messageOf } from '../../kernel/store-error.js';
import { WrongPassphraseError } from '../../platform/sealing/sealing.errors.js';
import { KeyNotUsableError, KeyPassphraseNeededError } from './keys.errors.js';
import type { KeyAlgorithm, KeyRole } from './store-key.entity.js';

const RSA_BITS = 4096;
const SMALLEST_RSA_BITS = 2048;
const PROGRESS_EVERY_MS = 250;
const MAX_TEXT_BYTES = 64 * 1024;
const NEEDED = 'this key is encrypted, and opens only with its passphrase';
const WRONG = 'the passphrase does not open this key';

export interface KeyProgress {
  /** Such as `making an RSA key of 4096 bits`. */
  readonly step: string;
  /** In this step. */
  readonly elapsedMs: number;
}

export interface MakingOptions {
  readonly onProgress?: (progress: KeyProgress) => void;
  readonly signal?: AbortSignal;
}

/** A private key of a kind that this store uses, with its id and public half. */
export class KeyPair {
  readonly algorithm: KeyAlgorithm;
  readonly id: string;
  readonly publicPem: string;

  /** @throws KeyNotUsableError unless it is an RSA key of 2048 bits or more, or an Ed25519 key */
  constructor(readonly privateKey: KeyObject) {
    const publicKey = createPublicKey(privateKey);
    this.algorithm = algorithmOf(privateKey);
    this.id = this.algorithm === 'rsa' ? rsaKeyId(publicKey) : signerKeyId(rawPublicKey(publicKey));
    this.publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  /**
   * A new one. RSA (4096 bits) takes seconds, on the thread pool.
   * @throws the signal's reason; what the thread still makes is thrown away
   */
  static async make(algorithm: KeyAlgorithm, { onProgress, signal }: MakingOptions = {}): Promise<KeyPair> {
    signal?.throwIfAborted();
    const step = algorithm === 'rsa' ? `making an RSA key of ${RSA_BITS} bits` : 'making an Ed25519 key';
    const startedAt = performance.now();
    const tell = (): void => onProgress?.({ step, elapsedMs: Math.round(performance.now() - startedAt) });
    tell();
    const timer = setInterval(tell, PROGRESS_EVERY_MS);
    try {
      const made =
        algorithm === 'rsa'
          ? promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS, publicExponent: 0x10001 })
          : promisify(generateKeyPair)('ed25519', {});
      return new KeyPair((await orAborted(made, signal)).privateKey);
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * Reads PEM (PKCS#8, PKCS#1) or an armored OpenPGP secret key (RSA), encrypted or not.
   * @param passphrase of an encrypted key; null where there is none
   * @throws KeyNotUsableError, KeyPassphraseNeededError, WrongPassphraseError; none of them repeats what was read
   */
  static read(bytes: Uint8Array, passphrase: string | null = null): KeyPair {
    if (bytes.length > MAX_TEXT_BYTES) throw new KeyNotUsableError(`a key has no more than ${MAX_TEXT_BYTES} bytes`);
    const text = Buffer.from(bytes).toString('latin1');
    const pair = new KeyPair(
      text.includes('-----BEGIN PGP') ? readOpenPgp(text, passphrase) : readPem(text, passphrase),
    );
    if (!pair.signsForItself()) throw new KeyNotUsableError('the private and the public half of this key do not fit');
    return pair;
  }

  /** From what `privateDer` gave. */
  static fromDer(der: Buffer): KeyPair {
    return new KeyPair(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  }

  /** PKCS#8, in clear. */
  privateDer(): Buffer {
    return this.privateKey.export({ type: 'pkcs8', format: 'der' });
  }

  /** PKCS#8, in clear. */
  privatePem(): string {
    return this.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** @throws KeyNotUsableError where keys of this role are of the other kind */
  checkFits(role: KeyRole): void {
    if (role === 'other') return;
    const wanted: KeyAlgorithm = role === 'signer' ? 'ed25519' : 'rsa';
    if (this.algorithm !== wanted)
      throw new KeyNotUsableError(`the ${role} key is an ${wanted} key, and this is an ${this.algorithm} key`, {
        role,
      });
  }

  /** RSA PKCS#1 v1.5 over SHA-512, or Ed25519; on the thread pool. */
  signBytes(bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      sign(digestOf(this.algorithm), bytes, this.privateKey, (error, signature) => {
        if (error === null) resolve(signature);
        else reject(error);
      });
    });
  }

  /** PEM may carry numbers that do not belong together; OpenSSL does not look. */
  private signsForItself(): boolean {
    const probe = randomBytes(32);
    const digest = digestOf(this.algorithm);
    try {
      return verify(digest, probe, createPublicKey(this.publicPem), sign(digest, probe, this.privateKey));
    } catch {
      return false;
    }
  }
}

/** What node:crypto is told to hash with before signing: RSA signatures are PKCS#1 v1.5 over SHA-512, as in assertions. */
function digestOf(algorithm: KeyAlgorithm): 'sha512' | null {
  return algorithm === 'rsa' ? 'sha512' : null;
}

function algorithmOf(privateKey: KeyObject): KeyAlgorithm {
  const type = privateKey.asymmetricKeyType;
  if (type === 'rsa' || type === 'ed25519') return type;
  throw new KeyNotUsableError(`this is a key for ${type ?? 'something unknown'}; RSA and Ed25519 keys are used here`);
}

/** As assertions name it. @throws KeyNotUsableError unless it is an RSA key of 2048 bits or more */
export function rsaKeyId(publicKey: KeyObject): string {
  let key: RsaPublicKey;
  try {
    key = RsaPublicKey.fromKeyObject(publicKey);
  } catch (error) {
    if (error instanceof InvalidOpenPgpError) throw new KeyNotUsableError(error.message, {}, { cause: error });
    throw error;
  }
  if (key.bits >= SMALLEST_RSA_BITS) return key.id;
  throw new KeyNotUsableError(`this RSA key has ${key.bits} bits, and fewer than ${SMALLEST_RSA_BITS} protect nothing`);
}

function readOpenPgp(text: string, passphrase: string | null): KeyObject {
  try {
    return readArmoredSecretKey(text, passphrase);
  } catch (error) {
    if (error instanceof OpenPgpPassphraseError)
      throw error.state === 'needed' ? new KeyPassphraseNeededError(NEEDED) : new WrongPassphraseError(WRONG);
    if (error instanceof InvalidOpenPgpError) throw new KeyNotUsableError(error.message, {}, { cause: error });
    throw error;
  }
}

function readPem(text: string, passphrase: string | null): KeyObject {
  if (/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(text) && !text.includes('PRIVATE KEY-----'))
    throw new KeyNotUsableError('this is a public key; the private one is needed');
  // Node.js tells a missing passphrase apart from a wrong one differently in each version.
  if (passphrase === null && isEncrypted(text)) throw new KeyPassphraseNeededError(NEEDED);
  try {
    return createPrivateKey(passphrase === null ? text : { key: text, format: 'pem', passphrase });
  } catch (error) {
    if (isEncrypted(text)) throw new WrongPassphraseError(WRONG);
    throw new KeyNotUsableError(`this is no private key in PEM or armored OpenPGP: ${messageOf(error)}`);
  }
}

function isEncrypted(pem: string): boolean {
  return pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') || pem.includes('Proc-Type: 4,ENCRYPTED');
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
