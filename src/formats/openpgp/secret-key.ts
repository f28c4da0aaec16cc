import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import { decodeBase64 } from './base64.js';
import { InvalidOpenPgpError } from './openpgp.errors.js';
import { ByteReader, PacketTag, readPacket } from './packet.js';
import { readPublicNumbers } from './public-key.js';
import { readSecretNumbers } from './secret-numbers.js';

const ARMOR = /^-----BEGIN PGP PRIVATE KEY BLOCK-----[ \t]*\n([\s\S]*?)-----END PGP PRIVATE KEY BLOCK-----\s*$/;
const MAX_ARMORED_LENGTH = 64 * 1024;

/**
 * Reads the primary key of an armored OpenPGP RSA secret key (version 4), such as `gpg --export-secret-keys` writes it and snapd's
 * test keys are. User ids, subkeys and their signatures are not looked at.
 * @param passphrase null where there is none
 * @throws InvalidOpenPgpError; OpenPgpPassphraseError where the key is protected and the passphrase is missing or wrong
 */
export function readArmoredSecretKey(armored: string, passphrase: string | null = null): KeyObject {
  const packet = readPacket(unarmor(armored));
  if (packet.tag !== PacketTag.secretKey) throw new InvalidOpenPgpError('the first packet is not a secret key');
  const reader = new ByteReader(packet.body);
  const publicKey = readPublicNumbers(reader);
  const secret = readSecretNumbers(reader, passphrase);
  const [d, p, q] = [secret.mpi(), secret.mpi(), secret.mpi()];
  // What is left is made of these.
  secret.mpi();
  secret.end('secret key');
  return toKeyObject(publicKey.keyObject.export({ format: 'jwk' }), d, p, q);
}

function unarmor(armored: string): Buffer {
  if (armored.length > MAX_ARMORED_LENGTH) throw new InvalidOpenPgpError('the armored key is too long');
  const block = ARMOR.exec(armored.replace(/\r\n/g, '\n').trimStart())?.[1];
  if (block === undefined) throw new InvalidOpenPgpError('there is no armored OpenPGP private key');
  const lines = block.split('\n');
  // Armor headers such as "Version: …" end at the first blank line; a key without headers starts with that line.
  const blank = lines.findIndex((line) => line.trim() === '');
  const data = lines.slice(blank + 1).filter((line) => line.trim() !== '');
  const sum = data.at(-1)?.startsWith('=') === true ? data.pop() : undefined;
  const bytes = decodeBase64(data.map((line) => line.trim()).join(''), 'armored key');
  if (sum !== undefined && crc24(bytes) !== decodeBase64(sum.slice(1).trim(), 'armor checksum').readUIntBE(0, 3)) {
    throw new InvalidOpenPgpError('the armored key is damaged (its checksum does not match)');
  }
  return bytes;
}

function toKeyObject(publicJwk: JsonWebKey, d: Buffer, p: Buffer, q: Buffer): KeyObject {
  const [dNumber, pNumber, qNumber] = [toBigInt(d), toBigInt(p), toBigInt(q)];
  if (pNumber <= 1n || qNumber <= 1n) throw new InvalidOpenPgpError('the secret key has no primes');
  const jwk = {
    ...publicJwk,
    d: toBase64url(dNumber),
    p: toBase64url(pNumber),
    q: toBase64url(qNumber),
    dp: toBase64url(dNumber % (pNumber - 1n)),
    dq: toBase64url(dNumber % (qNumber - 1n)),
    qi: toBase64url(inverse(qNumber, pNumber)),
  };
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch (error) {
    throw new InvalidOpenPgpError('the secret key is not a usable RSA key', {}, { cause: error });
  }
}

/** RFC 4880, 6.1. */
function crc24(bytes: Buffer): number {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return crc & 0xffffff;
}

function toBigInt(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function toBase64url(number: bigint): string {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}

/** The number that times `value` leaves 1 modulo `modulus` (extended Euclid). */
function inverse(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [modulus, value % modulus];
  let [previousFactor, factor] = [0n, 1n];
  while (current !== 0n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [previousFactor, factor] = [factor, previousFactor - quotient * factor];
  }
  if (previous !== 1n) throw new InvalidOpenPgpError('the secret key has primes that do not fit');
  return ((previousFactor % modulus) + modulus) % modulus;
}
