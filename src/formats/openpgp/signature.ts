import { constants, createHash, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';

import { decodeBase64, encodeBase64Lines } from './base64.js';
import { InvalidOpenPgpError } from './openpgp.errors.js';
import { ByteReader, PacketTag, readPacket, writeMpi, writePacket } from './packet.js';
import { FORMAT_VERSION, type RsaPublicKey } from './public-key.js';

const SIGNATURE_VERSION = 4;
const BINARY_DOCUMENT = 0x00;
const RSA = 1;
const SHA512 = 10;

/** SHA-2 only: nothing that signs assertions has used less, and less must not start to count. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [8, 'sha256'],
  [9, 'sha384'],
  [SHA512, 'sha512'],
  [11, 'sha224'],
]);

const Subpacket = { creationTime: 2, issuer: 16 } as const;
/** Those that say nothing about whether the signature holds, and that snapd reads (golang.org/x/crypto/openpgp). */
const HARMLESS_WHEN_CRITICAL: readonly number[] = [3, 9, 11, 16, 21, 22, 25, 27, 29, 30];

/** A version 4 RSA signature over bytes (RFC 4880, 5.2.3), parsed as strictly as snapd does (asserts/crypto.go). */
export interface RsaSignature {
  readonly hash: string;
  readonly createdAt: Date;
  /** The part of the packet that is signed together with the content. */
  readonly hashedPart: Buffer;
  /** The first two bytes of the digest, in clear. */
  readonly hashTag: Buffer;
  readonly value: Buffer;
}

/**
 * Reads the base64 text below an assertion: the version byte and exactly one signature packet.
 * @throws InvalidOpenPgpError
 */
export function decodeSignature(text: string): RsaSignature {
  const bytes = decodeBase64(text, 'signature');
  if (bytes[0] !== FORMAT_VERSION)
    throw new InvalidOpenPgpError(`signature format version ${String(bytes[0])} is unknown`);
  const packet = readPacket(bytes.subarray(1));
  if (packet.tag !== PacketTag.signature) throw new InvalidOpenPgpError('the packet is not a signature');
  if (packet.rest.length > 0) throw new InvalidOpenPgpError('the signature has bytes after its end');
  return readSignature(packet.body);
}

/** @throws InvalidOpenPgpError saying what does not hold */
export function verifySignature(content: Uint8Array, signature: RsaSignature, key: RsaPublicKey): void {
  const trailer = trailerOf(signature.hashedPart);
  const digest = createHash(signature.hash).update(content).update(signature.hashedPart).update(trailer).digest();
  if (!timingSafeEqual(digest.subarray(0, 2), signature.hashTag)) {
    throw new InvalidOpenPgpError('the signature is not over this content (its hash tag does not match)');
  }
  if (signature.value.length > key.sizeBytes) throw new InvalidOpenPgpError('the signature is larger than its key');
  const value = Buffer.concat([Buffer.alloc(key.sizeBytes - signature.value.length), signature.value]);
  const data = Buffer.concat([content, signature.hashedPart, trailer]);
  if (!holds(signature.hash, data, key, value)) throw new InvalidOpenPgpError('the signature does not verify');
}

/** Signs as snapd does (SHA-512, creation time as the one subpacket); the text has no line end after its last line. */
export function createSignature(content: Uint8Array, privateKey: KeyObject, at: Date): string {
  const { hashedPart, data } = toBeSigned(content, at);
  return signatureText(
    hashedPart,
    data,
    sign('sha512', data, { key: privateKey, padding: constants.RSA_PKCS1_PADDING }),
  );
}

/**
 * As `createSignature`, by a key that is elsewhere.
 * @param signBytes gives the PKCS#1 v1.5 signature over the SHA-512 of the bytes, big-endian
 */
export async function createSignatureBy(
  content: Uint8Array,
  signBytes: (bytes: Buffer) => Promise<Buffer>,
  at: Date,
): Promise<string> {
  const { hashedPart, data } = toBeSigned(content, at);
  return signatureText(hashedPart, data, await signBytes(data));
}

function toBeSigned(content: Uint8Array, at: Date): { readonly hashedPart: Buffer; readonly data: Buffer } {
  const hashedPart = Buffer.from([
    SIGNATURE_VERSION,
    BINARY_DOCUMENT,
    RSA,
    SHA512,
    0,
    6,
    5,
    Subpacket.creationTime,
    0,
    0,
    0,
    0,
  ]);
  hashedPart.writeUInt32BE(Math.floor(at.getTime() / 1000), 8);
  return { hashedPart, data: Buffer.concat([content, hashedPart, trailerOf(hashedPart)]) };
}

function signatureText(hashedPart: Buffer, data: Buffer, value: Buffer): string {
  const digest = createHash('sha512').update(data).digest();
  const body = Buffer.concat([hashedPart, Buffer.from([0, 0]), digest.subarray(0, 2), writeMpi(value)]);
  return encodeBase64Lines(Buffer.concat([Buffer.of(FORMAT_VERSION), writePacket(PacketTag.signature, body)]));
}

function readSignature(body: Buffer): RsaSignature {
  const reader = new ByteReader(body);
  const version = reader.byte();
  if (version !== SIGNATURE_VERSION)
    throw new InvalidOpenPgpError(`signature packet version ${version} is not read here`);
  const type = reader.byte();
  const algorithm = reader.byte();
  const hashId = reader.byte();
  if (type !== BINARY_DOCUMENT) throw new InvalidOpenPgpError(`signature type ${type} is not one over a document`);
  if (algorithm !== RSA) throw new InvalidOpenPgpError(`signature algorithm ${algorithm} is not RSA`);
  const hash = HASHES.get(hashId);
  if (hash === undefined) throw new InvalidOpenPgpError(`signature hash ${hashId} is not accepted`);
  const hashedLength = reader.uint16();
  const createdAt = readCreationTime(reader.take(hashedLength));
  checkUnhashed(reader.take(reader.uint16()));
  const hashTag = reader.take(2);
  const value = reader.mpi();
  reader.end('signature');
  return { hash, createdAt, hashedPart: body.subarray(0, 6 + hashedLength), hashTag, value };
}

function readCreationTime(area: Buffer): Date {
  let seconds: number | null = null;
  for (const { type, content } of subpackets(area)) {
    if (type === Subpacket.creationTime) {
      if (content.length !== 4) throw new InvalidOpenPgpError('the signature time does not have four bytes');
      seconds = content.readUInt32BE();
    }
  }
  if (seconds === null) throw new InvalidOpenPgpError('the signature does not say when it was made');
  return new Date(seconds * 1000);
}

function checkUnhashed(area: Buffer): void {
  for (const { type } of subpackets(area)) {
    if (type === Subpacket.creationTime)
      throw new InvalidOpenPgpError('the signature time is outside of what is signed');
  }
}

function* subpackets(area: Buffer): Generator<{ type: number; content: Buffer }> {
  let reader = new ByteReader(area);
  while (reader.rest().length > 0) {
    const first = reader.byte();
    const length = first < 192 ? first : first < 255 ? ((first - 192) << 8) + reader.byte() + 192 : reader.uint32();
    if (length === 0) throw new InvalidOpenPgpError('the signature has an empty subpacket');
    const content = reader.take(length);
    const header = content.readUInt8();
    const type = header & 0x7f;
    if (type === Subpacket.issuer && length !== 9)
      throw new InvalidOpenPgpError('the signature names its issuer wrongly');
    const isCritical = (header & 0x80) !== 0;
    if (isCritical && type !== Subpacket.creationTime && !HARMLESS_WHEN_CRITICAL.includes(type)) {
      throw new InvalidOpenPgpError(`the signature has an unknown critical subpacket (${type})`);
    }
    yield { type, content: content.subarray(1) };
    reader = new ByteReader(reader.rest());
  }
}

function trailerOf(hashedPart: Buffer): Buffer {
  const trailer = Buffer.from([SIGNATURE_VERSION, 0xff, 0, 0, 0, 0]);
  trailer.writeUInt32BE(hashedPart.length, 2);
  return trailer;
}

function holds(hash: string, data: Buffer, key: RsaPublicKey, value: Buffer): boolean {
  const keyObject = key.keyObject;
  try {
    return verify(hash, data, { key: keyObject, padding: constants.RSA_PKCS1_PADDING }, value);
  } catch {
    // OpenSSL throws for keys that it will not work with, such as one of 64 kilobits; the signature holds by none of them.
    return false;
  }
}
