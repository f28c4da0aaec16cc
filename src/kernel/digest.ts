import { StoreError } from './store-error.js';

export class InvalidDigestError extends StoreError {
  readonly code = 'invalid-digest';
}

const HEX = /^[0-9a-f]{96}$/;
const BASE64URL = /^[A-Za-z0-9_-]{64}$/;

/**
 * A SHA3-384 digest (48 bytes). The store API and the blob folder write it as lowercase hex, assertions as base64url without
 * padding; this is the only place where the two meet.
 */
export class Sha3_384 {
  private constructor(readonly hex: string) {}

  /** @throws InvalidDigestError unless it is 96 lowercase hex digits */
  static fromHex(hex: string): Sha3_384 {
    if (!HEX.test(hex)) throw new InvalidDigestError(`"${hex.slice(0, 100)}" is not a SHA3-384 digest in hex`);
    return new Sha3_384(hex);
  }

  /** @throws InvalidDigestError unless it is 64 characters of base64url */
  static fromBase64url(text: string): Sha3_384 {
    if (!BASE64URL.test(text))
      throw new InvalidDigestError(`"${text.slice(0, 100)}" is not a SHA3-384 digest in base64url`);
    return new Sha3_384(Buffer.from(text, 'base64url').toString('hex'));
  }

  static fromBytes(bytes: Uint8Array): Sha3_384 {
    return Sha3_384.fromHex(Buffer.from(bytes).toString('hex'));
  }

  get base64url(): string {
    return Buffer.from(this.hex, 'hex').toString('base64url');
  }

  equals(other: Sha3_384): boolean {
    return this.hex === other.hex;
  }

  toString(): string {
    return this.hex;
  }
}
