import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

import { messageOf } from '../../kernel/store-error.js';
import { BundleSignatureRefusedError } from './errors.js';
import { outlineProblem, canonicalJson } from './json.js';
import { MANIFEST_PATH, SIGNATURE_PATH } from './members.js';

/** Who signed a manifest. The signature is theirs; whether they are known is for the importing store to say. */
export interface BundleSigner {
  /** SHA3-384 of the 32 bytes of the public key, in base64url without padding: 64 characters. */
  readonly keyId: string;
  /** The 32 bytes of the Ed25519 public key. */
  readonly publicKey: Buffer;
}

/** Makes signatures over manifests and other documents of ours: a private key, or something that reaches one. */
export interface ManifestSigner extends BundleSigner {
  sign(manifestBytes: Uint8Array): Buffer | Promise<Buffer>;
}

/** The key-id under which a signer is known. */
export function signerKeyId(publicKey: Uint8Array): string {
  return createHash('sha3-384').update(publicKey).digest('base64url');
}

/** @throws TypeError unless it is an Ed25519 private key */
export function ed25519Signer(privateKey: KeyObject): ManifestSigner {
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519') {
    throw new TypeError('a bundle is signed with an Ed25519 private key');
  }
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  return {
    keyId: signerKeyId(publicKey),
    publicKey,
    sign: (manifestBytes) => sign(null, manifestBytes, privateKey),
  };
}

/** The 32 bytes of an Ed25519 public key. */
export function rawPublicKey(publicKey: KeyObject): Buffer {
  const { x } = publicKey.export({ format: 'jwk' });
  if (publicKey.asymmetricKeyType !== 'ed25519' || x === undefined) throw new TypeError('not an Ed25519 public key');
  return Buffer.from(x, 'base64url');
}

/**
 * A signature over bytes as bundle.json.sig has it: one line of JSON with the key in it. What is signed says in its `type` what
 * it is, so that it cannot pass for another document of ours.
 */
export async function signDocument(bytes: Uint8Array, signer: ManifestSigner): Promise<Buffer> {
  const signature = await signer.sign(bytes);
  return Buffer.from(
    canonicalJson({
      algorithm: 'ed25519',
      'key-id': signer.keyId,
      'public-key': signer.publicKey.toString('base64'),
      signature: signature.toString('base64'),
    }),
  );
}

/**
 * Reads bundle.json.sig and checks it against the exact bytes of bundle.json. What it gives back did sign them.
 * @throws BundleSignatureRefusedError when the file is malformed, its key-id is not its key's, or the signature does not hold
 */
export function verifyManifestSignature(
  manifestBytes: Uint8Array,
  signatureBytes: Uint8Array,
  file: string,
): BundleSigner {
  return verifyDocument(manifestBytes, signatureBytes, MANIFEST_PATH, (reason) => {
    throw new BundleSignatureRefusedError({ file, member: SIGNATURE_PATH }, reason);
  });
}

/**
 * Checks what `signDocument` made, and says who did.
 * @param name of what is signed, for the refusal
 */
export function verifyDocument(
  bytes: Uint8Array,
  signatureBytes: Uint8Array,
  name: string,
  refuse: (reason: string) => never,
): BundleSigner {
  const fields = parse(signatureBytes, refuse);
  if (fields.algorithm !== 'ed25519') return refuse('is not by the algorithm ed25519');
  const publicKey = base64(fields['public-key'], 32) ?? refuse('has no public key of 32 bytes');
  const signature = base64(fields.signature, 64) ?? refuse('has no signature of 64 bytes');
  const keyId = signerKeyId(publicKey);
  if (fields['key-id'] !== keyId) return refuse('names a key-id that is not the digest of its public key');
  if (!holds(bytes, publicKey, signature)) return refuse(`is not a signature of this ${name} by ${keyId}`);
  return { keyId, publicKey };
}

function parse(bytes: Uint8Array, refuse: (reason: string) => never): Readonly<Record<string, unknown>> {
  const text = Buffer.from(bytes).toString('latin1');
  const problem = outlineProblem(text, { depth: 1, values: 20 });
  if (problem !== null) return refuse(problem);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    return refuse(`is not JSON: ${messageOf(error).slice(0, 120)}`);
  }
  return refuse('is not a JSON object');
}

/** Decodes only what encodes back to the same text, so that one signature has one spelling. */
function base64(value: unknown, length: number): Buffer | null {
  if (typeof value !== 'string') return null;
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === length && bytes.toString('base64') === value ? bytes : null;
}

function holds(bytes: Uint8Array, publicKey: Buffer, signature: Buffer): boolean {
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') };
    return verify(null, bytes, createPublicKey({ key: jwk, format: 'jwk' }), signature);
  } catch {
    return false;
  }
}
