import { createDecipheriv, createHash } from 'node:crypto';

import { InvalidOpenPgpError, OpenPgpPassphraseError } from './openpgp.errors.js';
import { ByteReader } from './packet.js';

const Usage = { clear: 0, sha1Checked: 254 } as const;

/** RFC 4880, 9.2. Node.js names these modes of the ciphers that are still in use. */
const CIPHERS: ReadonlyMap<number, { readonly mode: string; readonly keyBytes: number }> = new Map([
  [7, { mode: 'aes-128-cfb', keyBytes: 16 }],
  [8, { mode: 'aes-192-cfb', keyBytes: 24 }],
  [9, { mode: 'aes-256-cfb', keyBytes: 32 }],
]);

/** RFC 4880, 9.4. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [2, 'sha1'],
  [8, 'sha256'],
  [9, 'sha384'],
  [10, 'sha512'],
  [11, 'sha224'],
]);

const SpecifierType = { iteratedAndSalted: 3, gnuExtension: 101 } as const;
const SALT_BYTES = 8;
const IV_BYTES = 16;
const SHA1_BYTES = 20;
const PIECE_BYTES = 64 * 1024;

/**
 * The private numbers of a secret-key packet, in clear, from its protection octet on (RFC 4880, 5.5.3).
 * @throws OpenPgpPassphraseError, InvalidOpenPgpError for a protection that is not read here
 */
export function readSecretNumbers(reader: ByteReader, passphrase: string | null): ByteReader {
  const usage = reader.byte();
  if (usage === Usage.clear) return checkedBySum(reader.rest());
  if (usage !== Usage.sha1Checked)
    throw new InvalidOpenPgpError(`the secret key is protected in a way (${usage}) that is not read here`);
  const cipher = CIPHERS.get(reader.byte());
  const specifier = readSpecifier(reader);
  if (cipher === undefined) throw new InvalidOpenPgpError('the secret key is protected by a cipher other than AES');
  const iv = reader.take(IV_BYTES);
  if (passphrase === null) throw new OpenPgpPassphraseError('needed');
  const key = deriveKey(passphrase, specifier, cipher.keyBytes);
  const decipher = createDecipheriv(cipher.mode, key, iv);
  return checkedByDigest(Buffer.concat([decipher.update(reader.rest()), decipher.final()]));
}

interface Specifier {
  readonly hash: string;
  readonly salt: Buffer;
  readonly countBytes: number;
}

/** How the passphrase becomes a key (RFC 4880, 3.7.1.3). */
function readSpecifier(reader: ByteReader): Specifier {
  const type = reader.byte();
  if (type === SpecifierType.gnuExtension)
    throw new InvalidOpenPgpError('this is the stub of a key: its secret part is kept elsewhere');
  if (type !== SpecifierType.iteratedAndSalted)
    throw new InvalidOpenPgpError(`the passphrase becomes a key in a way (${type}) that is not read here`);
  const hash = HASHES.get(reader.byte());
  if (hash === undefined) throw new InvalidOpenPgpError('the passphrase is hashed in a way that is not read here');
  const salt = reader.take(SALT_BYTES);
  const coded = reader.byte();
  return { hash, salt, countBytes: (16 + (coded & 15)) << ((coded >> 4) + 6) };
}

/** Salt and passphrase are hashed over and over, `countBytes` of them; a longer key goes on with more zeros in front. */
function deriveKey(passphrase: string, { hash, salt, countBytes }: Specifier, keyBytes: number): Buffer {
  const unit = Buffer.concat([salt, Buffer.from(passphrase, 'utf8')]);
  const piece = Buffer.concat(Array.from({ length: Math.ceil(PIECE_BYTES / unit.length) }, () => unit));
  const total = Math.max(countBytes, unit.length);
  const parts: Buffer[] = [];
  for (let made = 0; made < keyBytes; made += parts.at(-1)?.length ?? keyBytes) {
    const digest = createHash(hash).update(Buffer.alloc(parts.length));
    for (let left = total; left > 0; left -= piece.length) digest.update(piece.subarray(0, left));
    parts.push(digest.digest());
  }
  return Buffer.concat(parts).subarray(0, keyBytes);
}

function checkedByDigest(content: Buffer): ByteReader {
  const numbers = content.subarray(0, -SHA1_BYTES);
  // With a wrong passphrase there is only noise.
  if (!createHash('sha1').update(numbers).digest().equals(content.subarray(-SHA1_BYTES)))
    throw new OpenPgpPassphraseError('wrong');
  return new ByteReader(numbers);
}

/** The last two bytes are the sum of the others, modulo 65536. */
function checkedBySum(content: Buffer): ByteReader {
  const numbers = content.subarray(0, -2);
  const sum = numbers.reduce((total, byte) => (total + byte) & 0xffff, 0);
  if (content.length < 2 || sum !== content.readUInt16BE(content.length - 2))
    throw new InvalidOpenPgpError('the secret key is damaged');
  return new ByteReader(numbers);
}
