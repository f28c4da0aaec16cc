import { messageOf } from '../../kernel/store-error.js';
import type { SigningKey } from '../assertion/index.js';
import { decodeSignature, InvalidOpenPgpError, RsaPublicKey, verifySignature } from '../openpgp/index.js';
import { InvalidRegistrationRequestError } from './registration-protocol.errors.js';

/** Stands before what is signed, so that the signature counts for nothing else that this key may ever sign. */
const PURPOSE = Buffer.from('snap-store-proxy registration request, format 1\n\n');
const FORMAT = 1;
const MAX_PAYLOAD_BYTES = 64 * 1024;
const MAX_FIELD_LENGTH = 16 * 1024;
const MIN_KEY_BITS = 2048;
const MAX_KEY_BITS = 8192;

/** What a store asks an authority for, signed with the store's key. */
export interface RegistrationRequest {
  /** As the authority gave it out; of use once. */
  readonly nonce: string;
  /** Where the store sends it: another authority cannot pass it on. */
  readonly authority: string;
  /** Under which devices will reach the store. */
  readonly url: string;
  /** By the ids of the questions; whether they fit is for whoever asked. */
  readonly answers: unknown;
}

/** As it goes over the wire: what was signed, byte for byte, with the key and its signature. */
export interface SignedRegistrationRequest {
  /** The request as JSON, in base64. */
  readonly payload: string;
  /** As in the body of an account-key assertion. */
  readonly 'public-key': string;
  /** Below an assertion it would look the same. */
  readonly signature: string;
}

export function signRegistrationRequest(
  request: RegistrationRequest,
  key: SigningKey,
  at: Date,
): SignedRegistrationRequest {
  const payload = Buffer.from(JSON.stringify({ format: FORMAT, ...request }));
  return {
    payload: payload.toString('base64'),
    'public-key': key.publicKey.encode(),
    signature: key.sign(Buffer.concat([PURPOSE, payload]), at),
  };
}

/**
 * Reads a request and checks that whoever sent it holds the key. What it asks for is not looked at.
 * @throws InvalidRegistrationRequestError
 */
export function openRegistrationRequest(value: unknown): {
  readonly request: RegistrationRequest;
  readonly key: RsaPublicKey;
} {
  const payload = Buffer.from(textOf(value, 'payload', MAX_PAYLOAD_BYTES * 2), 'base64');
  if (payload.length > MAX_PAYLOAD_BYTES) throw new InvalidRegistrationRequestError('the payload is too large');
  const key = readKey(textOf(value, 'public-key', MAX_FIELD_LENGTH));
  try {
    const signature = decodeSignature(textOf(value, 'signature', MAX_FIELD_LENGTH));
    verifySignature(Buffer.concat([PURPOSE, payload]), signature, key);
  } catch (error) {
    throw new InvalidRegistrationRequestError(`it is not signed by its key: ${messageOf(error)}`, {}, { cause: error });
  }
  return { request: parsePayload(payload), key };
}

function readKey(text: string): RsaPublicKey {
  let key: RsaPublicKey;
  try {
    key = RsaPublicKey.decode(text);
  } catch (error) {
    if (!(error instanceof InvalidOpenPgpError)) throw error;
    throw new InvalidRegistrationRequestError(`its public key cannot be read: ${error.message}`, {}, { cause: error });
  }
  if (key.bits >= MIN_KEY_BITS && key.bits <= MAX_KEY_BITS) return key;
  throw new InvalidRegistrationRequestError(
    `its key has ${key.bits} bits; it must have ${MIN_KEY_BITS} to ${MAX_KEY_BITS}`,
  );
}

function parsePayload(payload: Buffer): RegistrationRequest {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new InvalidRegistrationRequestError('the payload is not JSON', {}, { cause: error });
  }
  if (fieldOf(value, 'format') !== FORMAT)
    throw new InvalidRegistrationRequestError('the payload has a format that is not read here');
  return {
    nonce: textOf(value, 'nonce', 200),
    authority: textOf(value, 'authority', 1000),
    url: textOf(value, 'url', 1000),
    answers: fieldOf(value, 'answers'),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null)
    throw new InvalidRegistrationRequestError('the request is no object');
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function textOf(value: unknown, name: string, maxLength: number): string {
  const text = fieldOf(value, name);
  if (typeof text === 'string' && text !== '' && text.length <= maxLength) return text;
  throw new InvalidRegistrationRequestError(`"${name}" is missing, or is no text of up to ${maxLength} characters`);
}
