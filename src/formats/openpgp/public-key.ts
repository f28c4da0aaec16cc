import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

import { decodeBase64, encodeBase64Lines } from './base64.js';
import { InvalidOpenPgpError } from './openpgp.errors.js';
import { ByteReader, PacketTag, readPacket, writeMpi, writePacket } from './packet.js';

/** The byte before every packet that snapd embeds in an assertion; there is no other version. */
export const FORMAT_VERSION = 1;

/** snapd gives every key the same creation time, 2016-01-01T00:00:00Z, so that the id depends on the numbers alone. */
const CREATED = 1451606400;
const KEY_VERSION = 4;
const RSA_ALGORITHMS: readonly number[] = [1, 2, 3];
const MAX_EXPONENT_BYTES = 3;

/** An RSA public key as assertions carry it (snapd: asserts/crypto.go). Two keys with the same numbers have the same id. */
export class RsaPublicKey {
  /** SHA3-384 of version byte and packet, base64url without padding: what `sign-key-sha3-384` and account-keys name. */
  readonly id: string;
  private readonly packet: Buffer;
  private cachedKeyObject: KeyObject | null = null;

  private constructor(
    private readonly modulus: Buffer,
    private readonly exponent: Buffer,
  ) {
    this.packet = writePacket(PacketTag.publicKey, publicKeyBody(modulus, exponent));
    this.id = createHash('sha3-384').update(Buffer.of(FORMAT_VERSION)).update(this.packet).digest('base64url');
  }

  /** Big-endian numbers; leading zeros do not matter. @throws InvalidOpenPgpError for a public exponent above 24 bits */
  static fromNumbers(modulus: Uint8Array, exponent: Uint8Array): RsaPublicKey {
    const shortExponent = withoutLeadingZeros(exponent);
    if (exponent.length > MAX_EXPONENT_BYTES) throw new InvalidOpenPgpError('the public exponent is too large');
    return new RsaPublicKey(withoutLeadingZeros(modulus), shortExponent);
  }

  /** @throws InvalidOpenPgpError unless it is an RSA key, public or private */
  static fromKeyObject(key: KeyObject): RsaPublicKey {
    const jwk = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
    if (jwk.kty !== 'RSA' || jwk.n === undefined || jwk.e === undefined) {
      throw new InvalidOpenPgpError('only RSA keys sign assertions');
    }
    return RsaPublicKey.fromNumbers(Buffer.from(jwk.n, 'base64url'), Buffer.from(jwk.e, 'base64url'));
  }

  /**
   * Reads the base64 text that is the body of an account-key or the value of `device-key`.
   * @throws InvalidOpenPgpError
   */
  static decode(text: string): RsaPublicKey {
    const bytes = decodeBase64(text, 'public key');
    if (bytes[0] !== FORMAT_VERSION)
      throw new InvalidOpenPgpError(`public key format version ${String(bytes[0])} is unknown`);
    const packet = readPacket(bytes.subarray(1));
    if (packet.tag !== PacketTag.publicKey) throw new InvalidOpenPgpError('the packet is not a public key');
    if (packet.rest.length > 0) throw new InvalidOpenPgpError('the public key has bytes after its end');
    const reader = new ByteReader(packet.body);
    const key = readPublicNumbers(reader);
    reader.end('public key');
    return key;
  }

  /** The base64 text in lines of 76 characters, as `decode` reads it. */
  encode(): string {
    return encodeBase64Lines(Buffer.concat([Buffer.of(FORMAT_VERSION), this.packet]));
  }

  get bits(): number {
    return this.modulus.length * 8 - Math.clz32(this.modulus[0] ?? 0) + 24;
  }

  get sizeBytes(): number {
    return this.modulus.length;
  }

  /** For node:crypto. @throws InvalidOpenPgpError where the numbers make no key */
  get keyObject(): KeyObject {
    this.cachedKeyObject ??= this.toKeyObject();
    return this.cachedKeyObject;
  }

  private toKeyObject(): KeyObject {
    const jwk = { kty: 'RSA', n: this.modulus.toString('base64url'), e: this.exponent.toString('base64url') };
    try {
      return createPublicKey({ key: jwk, format: 'jwk' });
    } catch (error) {
      throw new InvalidOpenPgpError('the public key is not a usable RSA key', {}, { cause: error });
    }
  }
}

/** Reads a key packet's fields up to its public numbers; a secret key's private ones follow. */
export function readPublicNumbers(reader: ByteReader): RsaPublicKey {
  const version = reader.byte();
  if (version !== KEY_VERSION) throw new InvalidOpenPgpError(`OpenPGP key version ${version} is not read here`);
  reader.uint32();
  const algorithm = reader.byte();
  if (!RSA_ALGORITHMS.includes(algorithm))
    throw new InvalidOpenPgpError(`OpenPGP key algorithm ${algorithm} is not RSA`);
  return RsaPublicKey.fromNumbers(reader.mpi(), reader.mpi());
}

function publicKeyBody(modulus: Buffer, exponent: Buffer): Buffer {
  const start = Buffer.alloc(6);
  start.writeUInt8(KEY_VERSION, 0);
  start.writeUInt32BE(CREATED, 1);
  start.writeUInt8(1, 5);
  return Buffer.concat([start, writeMpi(modulus), writeMpi(exponent)]);
}

function withoutLeadingZeros(number: Uint8Array): Buffer {
  let start = 0;
  while (start < number.length && number[start] === 0) start += 1;
  return Buffer.from(number.subarray(start));
}
