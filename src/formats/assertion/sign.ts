import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import { createSignature, createSignatureBy, readArmoredSecretKey, RsaPublicKey } from '../openpgp/index.js';
import type { Assertion } from './assertion.js';
import { malformed } from './assertion.errors.js';
import { decodeAssertion } from './decode.js';
import { checkIteration } from './header-checks.js';
import { freezeHeaders, type HeaderMap, writeHeader } from './headers.js';
import { assertionType } from './registry.js';

const SIGNING_KEY_BITS = 4096;

/** A private RSA key that signs assertions. */
export class SigningKey {
  readonly publicKey: RsaPublicKey;

  /** @throws InvalidOpenPgpError unless it is a private RSA key */
  constructor(private readonly privateKey: KeyObject) {
    this.publicKey = RsaPublicKey.fromKeyObject(privateKey);
  }

  /** From an armored OpenPGP secret key without passphrase. @throws InvalidOpenPgpError */
  static fromArmored(armored: string): SigningKey {
    return new SigningKey(readArmoredSecretKey(armored));
  }

  /** A new one of 4096 bits, as snapd wants signing keys to be; takes about a second. */
  static async generate(): Promise<SigningKey> {
    const pair = await promisify(generateKeyPair)('rsa', { modulusLength: SIGNING_KEY_BITS });
    return new SigningKey(pair.privateKey);
  }

  /** SHA3-384 of the public key, base64url without padding. */
  get id(): string {
    return this.publicKey.id;
  }

  /** The signature's base64 lines. */
  sign(content: Uint8Array, at: Date): string {
    return createSignature(content, this.privateKey, at);
  }
}

/** A private RSA key that signs assertions and is kept where it cannot be had: a token does the work, and takes its time. */
export interface AssertionSigner {
  readonly publicKey: RsaPublicKey;
  /** The PKCS#1 v1.5 signature over the SHA-512 of the bytes, big-endian. */
  signBytes(bytes: Buffer): Promise<Buffer>;
}

/** What an assertion is to say. */
export interface AssertionDraft {
  readonly type: string;
  /** With `authority-id`, `revision` and `format` where they are needed; `type`, `body-length` and `sign-key-sha3-384` come by themselves. */
  readonly headers: HeaderMap;
  readonly body?: string;
  readonly signedAt: Date;
}

export interface AssertionToSign extends AssertionDraft {
  readonly key: SigningKey;
}

/**
 * Makes and signs an assertion with its headers in snapd's order (assembleAndSign in asserts/asserts.go), checked like one that comes in.
 * @throws AssertionRefusedError where it would not be valid for its type or its format
 */
export function signAssertion({ key, ...draft }: AssertionToSign): Assertion {
  const content = contentOf(draft, key.id);
  return assembled(content, key.sign(content, draft.signedAt));
}

/** As `signAssertion`, by a key that is elsewhere. @throws AssertionRefusedError, and what the signer throws */
export async function signAssertionBy(signer: AssertionSigner, draft: AssertionDraft): Promise<Assertion> {
  const content = contentOf(draft, signer.publicKey.id);
  return assembled(content, await createSignatureBy(content, (bytes) => signer.signBytes(bytes), draft.signedAt));
}

function contentOf({ type: typeName, headers, body }: AssertionDraft, keyId: string): Buffer {
  const type = assertionType(typeName);
  const given = freezeHeaders(headers);
  const format = checkIteration(given, 'format');
  if (format > type.maxFormat) throw malformed('type-rule', `"${typeName}" has no format ${format}`);
  const needed = type.formatNeeded(given);
  if (needed > format) throw malformed('type-rule', `these headers of "${typeName}" need format ${needed}`);
  const bodyBytes = Buffer.from(body ?? '', 'utf8');
  const all: HeaderMap = {
    ...given,
    type: typeName,
    'body-length': String(bodyBytes.length),
    'sign-key-sha3-384': keyId,
  };
  const head = orderedHeaderNames(all, type.primaryKey, type.optionalKeyDefaults, bodyBytes.length > 0)
    .map((name) => writeHeader(name, all[name] ?? []))
    .join('')
    .slice(1);
  return Buffer.from(bodyBytes.length > 0 ? `${head}\n\n${body ?? ''}` : head, 'utf8');
}

function assembled(content: Buffer, signature: string): Assertion {
  return decodeAssertion(Buffer.concat([content, Buffer.from(`\n\n${signature}\n`)]));
}

function orderedHeaderNames(
  headers: HeaderMap,
  primaryKey: readonly string[],
  defaults: Readonly<Record<string, string>>,
  hasBody: boolean,
): string[] {
  const first = ['type', 'format', 'authority-id', 'revision', ...primaryKey];
  const last = ['body-length', 'sign-key-sha3-384'];
  const others = Object.keys(headers).filter((name) => !first.includes(name) && !last.includes(name));
  return [...first, ...others.sort(), ...last].filter((name) => {
    if (headers[name] === undefined) return false;
    if (name === 'format' || name === 'revision') return headers[name] !== '0';
    if (name === 'body-length') return hasBody;
    return !primaryKey.includes(name) || headers[name] !== defaults[name];
  });
}
