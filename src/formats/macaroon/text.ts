import { SIGNATURE_BYTES } from './hashes.js';
import { type Macaroon, NONCE_BYTES } from './macaroon.js';
import { InvalidMacaroonError } from './macaroon.errors.js';
import { decodeVersionOne, encodeVersionOne } from './version-one.js';
import { decodeVersionTwo, encodeVersionTwo, VERSION_TWO } from './version-two.js';

/** Far more than any store has sent; a macaroon travels in a header. */
const MAX_TEXT_LENGTH = 64 * 1024;
const MAX_CAVEATS = 100;
/** A nonce, a tag and a key. */
const VERIFICATION_ID_BYTES = NONCE_BYTES + 16 + SIGNATURE_BYTES;
const BASE64_OF_EITHER_KIND = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * The text that stores and clients hand each other: base64url without padding.
 * @param version 1 is what snapd writes and reads
 * @throws InvalidMacaroonError where a field is too long for version 1
 */
export function encodeMacaroon(macaroon: Macaroon, version: 1 | 2 = 1): string {
  return (version === 1 ? encodeVersionOne(macaroon) : encodeVersionTwo(macaroon)).toString('base64url');
}

/**
 * Reads either version, in either alphabet of base64, padded or not. Its signature is not looked at.
 * @throws InvalidMacaroonError
 */
export function decodeMacaroon(text: string): Macaroon {
  if (text.length > MAX_TEXT_LENGTH) throw new InvalidMacaroonError('the macaroon is too long');
  if (!BASE64_OF_EITHER_KIND.test(text)) throw new InvalidMacaroonError('the macaroon is not base64');
  const bytes = Buffer.from(text, 'base64');
  const macaroon = bytes[0] === VERSION_TWO ? decodeVersionTwo(bytes) : decodeVersionOne(bytes);
  checkSizes(macaroon);
  return macaroon;
}

function checkSizes({ caveats, signature }: Macaroon): void {
  if (signature.length !== SIGNATURE_BYTES)
    throw new InvalidMacaroonError('the signature of the macaroon is not 32 bytes');
  if (caveats.length > MAX_CAVEATS) throw new InvalidMacaroonError(`the macaroon has more than ${MAX_CAVEATS} caveats`);
  const isOdd = caveats.some(
    ({ verificationId }) => verificationId !== null && verificationId.length !== VERIFICATION_ID_BYTES,
  );
  if (isOdd) throw new InvalidMacaroonError('a verification id of the macaroon has the wrong length');
}
