import { createCipheriv, createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';

import * as openpgp from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';

import { decodeBase64, encodeBase64Lines } from './base64.js';
import {
  createSignature,
  decodeSignature,
  InvalidOpenPgpError,
  readArmoredSecretKey,
  RsaPublicKey,
  verifySignature,
} from './index.js';
import { PacketTag, readPacket, writePacket } from './packet.js';

const content = Buffer.from('type: account\nauthority-id: test');
const signedAt = new Date('2026-01-02T03:04:05Z');

let privateKey: KeyObject;
let publicKey: RsaPublicKey;

beforeAll(() => {
  privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  publicKey = RsaPublicKey.fromKeyObject(privateKey);
});

/** The signature's packet body, changed and framed again. */
function changed(
  text: string,
  change: (body: Buffer) => Buffer,
  frame = (body: Buffer) => writePacket(PacketTag.signature, body),
) {
  const { body } = readPacket(decodeBase64(text, 'signature').subarray(1));
  return encodeBase64Lines(Buffer.concat([Buffer.of(1), frame(change(Buffer.from(body)))]));
}

describe('signatures', () => {
  it('verifies what it signs, and nothing else', () => {
    const signature = decodeSignature(createSignature(content, privateKey, signedAt));
    expect(signature.createdAt).toEqual(signedAt);
    expect(() => {
      verifySignature(content, signature, publicKey);
    }).not.toThrow();
    expect(() => {
      verifySignature(Buffer.from('other'), signature, publicKey);
    }).toThrow(/hash tag/);
    const otherKey = RsaPublicKey.fromKeyObject(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    expect(() => {
      verifySignature(content, signature, otherKey);
    }).toThrow(/does not verify/);
  });

  it('looks at the signature value, not only at the hash tag', () => {
    const text = changed(createSignature(content, privateKey, signedAt), (body) => {
      body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
      return body;
    });
    expect(() => {
      verifySignature(content, decodeSignature(text), publicKey);
    }).toThrow(/does not verify/);
  });

  it('refuses a value that is longer than the key', () => {
    const text = createSignature(content, privateKey, signedAt);
    const longer = changed(text, (body) => {
      const value = Buffer.concat([Buffer.of(1), body.subarray(18)]);
      const bits = Buffer.of((value.length * 8) >> 8, (value.length * 8) & 255);
      return Buffer.concat([body.subarray(0, 16), bits, value]);
    });
    expect(() => {
      verifySignature(content, decodeSignature(longer), publicKey);
    }).toThrow(/larger than its key/);
  });

  it('holds when its number is a byte shorter than the key, as one in 256 is', () => {
    for (let second = 0; second < 5000; second += 1) {
      const signature = decodeSignature(createSignature(content, privateKey, new Date(second * 1000)));
      if (signature.value.length === publicKey.sizeBytes) continue;
      expect(() => {
        verifySignature(content, signature, publicKey);
      }).not.toThrow();
      return;
    }
    expect.unreachable('no signature was shorter');
  });

  it('accepts unhashed subpackets and other length forms', () => {
    const text = createSignature(content, privateKey, signedAt);
    const withIssuer = (body: Buffer) =>
      Buffer.concat([body.subarray(0, 12), Buffer.from([0, 10, 9, 16, 1, 2, 3, 4, 5, 6, 7, 8]), body.subarray(14)]);
    const oldFrame = (body: Buffer) => Buffer.concat([Buffer.from([0x89, body.length >> 8, body.length & 255]), body]);
    const longFrame = (body: Buffer) =>
      Buffer.concat([Buffer.from([0xc2, 0xff, 0, 0, body.length >> 8, body.length & 255]), body]);
    for (const variant of [
      changed(text, withIssuer),
      changed(text, (b) => b, oldFrame),
      changed(text, (b) => b, longFrame),
    ]) {
      expect(() => {
        verifySignature(content, decodeSignature(variant), publicKey);
      }).not.toThrow();
    }
  });

  const set = (index: number, value: number) => (body: Buffer) => {
    body[index] = value;
    return body;
  };
  it.each<[string, (body: Buffer) => Buffer, RegExp]>([
    ['version 3', set(0, 3), /version 3/],
    ['version 5', set(0, 5), /version 5/],
    ['a text signature', set(1, 1), /signature type 1/],
    ['another algorithm', set(2, 17), /not RSA/],
    ['SHA-1', set(3, 2), /hash 2/],
    ['an unknown hash', set(3, 99), /hash 99/],
    [
      'no creation time',
      (body) => Buffer.concat([Buffer.from([4, 0, 1, 10, 0, 0]), body.subarray(12)]),
      /does not say when/,
    ],
    [
      'an empty subpacket',
      (b) => Buffer.concat([b.subarray(0, 12), Buffer.from([0, 1, 0]), b.subarray(14)]),
      /empty subpacket/,
    ],
    [
      'a time that is not signed',
      (b) => Buffer.concat([b.subarray(0, 12), Buffer.from([0, 6, 5, 2, 1, 2, 3, 4]), b.subarray(14)]),
      /outside of what is signed/,
    ],
    [
      'an unknown critical subpacket',
      (b) => Buffer.concat([b.subarray(0, 12), Buffer.from([0, 3, 2, 0xe4, 1]), b.subarray(14)]),
      /critical/,
    ],
    ['a byte too many inside', (body) => Buffer.concat([body, Buffer.of(0)]), /bytes after its end/],
    ['a byte too few', (body) => body.subarray(0, -1), /too early/],
    ['an empty packet', () => Buffer.alloc(0), /too early/],
  ])('refuses %s', (_name, change, reason) => {
    const text = changed(createSignature(content, privateKey, signedAt), change);
    expect(() => decodeSignature(text)).toThrow(reason);
    expect(() => decodeSignature(text)).toThrow(InvalidOpenPgpError);
  });

  it('refuses another format version, another packet, a second packet, and framing of unknown length', () => {
    const bytes = decodeBase64(createSignature(content, privateKey, signedAt), 'signature');
    const refused = (raw: Buffer) => () => decodeSignature(encodeBase64Lines(raw));
    expect(refused(Buffer.concat([Buffer.of(2), bytes.subarray(1)]))).toThrow(/version 2/);
    expect(refused(Buffer.concat([bytes, bytes.subarray(1)]))).toThrow(/after its end/);
    expect(refused(Buffer.concat([Buffer.of(1), writePacket(PacketTag.publicKey, Buffer.alloc(9))]))).toThrow(
      /not a signature/,
    );
    expect(refused(Buffer.from([1, 0x8b, 4]))).toThrow(/indeterminate/);
    expect(refused(Buffer.from([1, 0xc2, 0xe1, 4]))).toThrow(/partial/);
    expect(refused(Buffer.from([1, 0x42, 4]))).toThrow(/128 or more/);
  });

  it.each(['', '\n', 'AAA', 'AA-_', 'AAAA AAAA', 'AAAA====', '=AAA'])('refuses base64 "%s"', (text) => {
    expect(() => decodeSignature(text)).toThrow(InvalidOpenPgpError);
  });

  it('agrees with OpenPGP.js', async () => {
    const bytes = decodeBase64(createSignature(content, privateKey, signedAt), 'signature').subarray(1);
    const signature = await openpgp.readSignature({ binarySignature: bytes });
    const packet = signature.packets[0];
    expect(packet?.signatureType).toBe(openpgp.enums.signature.binary);
    expect(packet?.created).toEqual(signedAt);
    expect(packet?.hashAlgorithm).toBe(openpgp.enums.hash.sha512);
    expect(packet?.publicKeyAlgorithm).toBe(openpgp.enums.publicKey.rsaEncryptSign);
  });
});

describe(RsaPublicKey.name, () => {
  it('comes back from its text with the same id', () => {
    const again = RsaPublicKey.decode(publicKey.encode());
    expect(again.id).toBe(publicKey.id);
    expect(again.bits).toBe(2048);
    expect(
      publicKey
        .encode()
        .split('\n')
        .every((line) => line.length <= 76),
    ).toBe(true);
  });

  it.each<[string, (packet: Buffer) => Buffer, RegExp]>([
    ['version 3', (body) => Buffer.concat([Buffer.of(3), body.subarray(1)]), /version 3/],
    ['another algorithm', (body) => Buffer.concat([body.subarray(0, 5), Buffer.of(17), body.subarray(6)]), /not RSA/],
    ['too few bytes', (body) => body.subarray(0, -1), /too early/],
    ['too many bytes', (body) => Buffer.concat([body, Buffer.of(1)]), /after its end/],
    [
      'a large exponent',
      (body) => Buffer.concat([body.subarray(0, -5), Buffer.from([0, 32, 128, 0, 0, 1])]),
      /exponent/,
    ],
  ])('refuses %s', (_name, change, reason) => {
    const { body } = readPacket(decodeBase64(publicKey.encode(), 'key').subarray(1));
    const text = encodeBase64Lines(Buffer.concat([Buffer.of(1), writePacket(PacketTag.publicKey, change(body))]));
    expect(() => RsaPublicKey.decode(text)).toThrow(reason);
  });

  it('refuses another packet, a second packet and another format version', () => {
    const bytes = decodeBase64(publicKey.encode(), 'key');
    const { body } = readPacket(bytes.subarray(1));
    const refused = (raw: Buffer) => () => RsaPublicKey.decode(encodeBase64Lines(raw));
    expect(refused(Buffer.concat([Buffer.of(1), writePacket(PacketTag.secretKey, body)]))).toThrow(/not a public key/);
    expect(refused(Buffer.concat([bytes, bytes.subarray(1)]))).toThrow(/after its end/);
    expect(refused(Buffer.concat([Buffer.of(2), bytes.subarray(1)]))).toThrow(/version 2/);
  });

  it('is not affected by a creation time, which snapd fixes', () => {
    const { body } = readPacket(decodeBase64(publicKey.encode(), 'key').subarray(1));
    const other = Buffer.from(body);
    other.writeUInt32BE(1700000000, 1);
    const text = encodeBase64Lines(Buffer.concat([Buffer.of(1), writePacket(PacketTag.publicKey, other)]));
    expect(RsaPublicKey.decode(text).id).toBe(publicKey.id);
  });
});

describe(readArmoredSecretKey.name, () => {
  let armored: string;

  beforeAll(async () => {
    const pair = await openpgp.generateKey({
      type: 'rsa',
      rsaBits: 2048,
      userIDs: [{ name: 'Test' }],
      format: 'object',
      config: { v6Keys: false },
    });
    armored = pair.privateKey.armor();
  });

  it('gives a key whose signatures verify', () => {
    const key = readArmoredSecretKey(armored);
    const signature = decodeSignature(createSignature(content, key, signedAt));
    expect(() => {
      verifySignature(content, signature, RsaPublicKey.fromKeyObject(key));
    }).not.toThrow();
  });

  it.each([
    ['AES-256 and SHA-256, as openpgp.js does', {}],
    ['AES-192', { preferredSymmetricAlgorithm: openpgp.enums.symmetric.aes192 }],
    [
      'AES-128, with few rounds',
      { preferredSymmetricAlgorithm: openpgp.enums.symmetric.aes128, s2kIterationCountByte: 0 },
    ],
    ['many rounds', { s2kIterationCountByte: 240 }],
  ])('opens one that a passphrase protects with %s', async (_, config) => {
    const key = await openpgp.readPrivateKey({ armoredKey: armored });
    const passphrase = 'planted passphr\u00e4se, rather long';
    const locked = (await openpgp.encryptKey({ privateKey: key, passphrase, config })).armor();
    const opened = readArmoredSecretKey(locked, passphrase);
    expect(opened.equals(readArmoredSecretKey(armored))).toBe(true);
    const [needed, wrong] = [
      caught(() => readArmoredSecretKey(locked)),
      caught(() => readArmoredSecretKey(locked, 'planted other')),
    ];
    expect([needed, wrong]).toMatchObject([{ state: 'needed' }, { state: 'wrong' }]);
    expect(String(wrong)).not.toContain('planted');
    // A passphrase for a key that needs none does no harm.
    expect(readArmoredSecretKey(armored, 'any').equals(opened)).toBe(true);
  });

  it.each([
    ['sha1', 2, 'aes-256-cfb', 9, 32, 'short'],
    ['sha512', 10, 'aes-128-cfb', 7, 16, 'short'],
    ['sha224', 11, 'aes-192-cfb', 8, 24, 'longer than what is hashed '.repeat(100)],
    ['sha384', 9, 'aes-256-cfb', 9, 32, ''],
  ])('opens one that is protected with %s (%i) and %s', async (hash, hashId, mode, cipherId, keyBytes, passphrase) => {
    const clear = await clearBody(armored);
    const salt = Buffer.from('saltsalt');
    // 1024 bytes of salt and passphrase, or all of them once; as many times as it takes, with ever more zeros in front.
    const once = Buffer.concat([salt, Buffer.from(passphrase)]);
    const hashed = Buffer.concat(Array.from({ length: 1024 }, () => once)).subarray(0, Math.max(1024, once.length));
    const blocks = [0, 1].map((zeros) => createHash(hash).update(Buffer.alloc(zeros)).update(hashed).digest());
    const iv = Buffer.alloc(16, 5);
    const cipher = createCipheriv(mode, Buffer.concat(blocks).subarray(0, keyBytes), iv);
    const secret = Buffer.concat([
      cipher.update(clear.numbers),
      cipher.update(createHash('sha1').update(clear.numbers).digest()),
    ]);
    const protection = Buffer.from([254, cipherId, 3, hashId, ...salt, 0]);
    const text = armorOf(Buffer.concat([clear.publicPart, protection, iv, secret]));
    expect(readArmoredSecretKey(text, passphrase).equals(readArmoredSecretKey(armored))).toBe(true);
  });

  it('refuses bytes that nothing says the meaning of', async () => {
    const { publicPart, numbers } = await clearBody(armored);
    const withSum = (content: Buffer): Buffer => {
      const sum = Buffer.alloc(2);
      sum.writeUInt16BE(content.reduce((total, byte) => (total + byte) & 0xffff, 0));
      return Buffer.concat([publicPart, Buffer.of(0), content, sum]);
    };
    expect(() => readArmoredSecretKey(armorOf(withSum(numbers)))).not.toThrow();
    expect(() => readArmoredSecretKey(armorOf(withSum(Buffer.concat([numbers, Buffer.of(1)]))))).toThrow(
      /after its end/,
    );
    expect(() => readArmoredSecretKey(armorOf(withSum(numbers.subarray(0, -1))))).toThrow(/ends too early/);
    expect(() => readArmoredSecretKey(armorOf(Buffer.concat([publicPart, Buffer.of(0)])))).toThrow(/damaged/);
  });

  it('says of a protection that it cannot read that it cannot, not that the passphrase is wrong', async () => {
    const key = await openpgp.readPrivateKey({ armoredKey: armored });
    const config = { aeadProtect: true };
    const sealed = await openpgp.encryptKey({ privateKey: key, passphrase: 'x', config });
    expect(() => readArmoredSecretKey(sealed.armor(), 'x')).toThrow(/protected in a way \(253\) that is not read/);
    const locked = await openpgp.encryptKey({ privateKey: key, passphrase: 'x' });
    const body = Buffer.from(locked.keyPacket.write());
    const at = body.indexOf(Buffer.of(254, 9, 3, 8));
    expect(at).toBeGreaterThan(0);
    const withByte = (offset: number, value: number): string => {
      const changedBody = Buffer.from(body);
      changedBody[at + offset] = value;
      return armorOf(changedBody);
    };
    expect(() => readArmoredSecretKey(withByte(1, 9), 'x')).not.toThrow();
    expect(() => readArmoredSecretKey(withByte(1, 3), 'x')).toThrow(/cipher other than AES/);
    expect(() => readArmoredSecretKey(withByte(2, 0), 'x')).toThrow(/becomes a key in a way \(0\)/);
    expect(() => readArmoredSecretKey(withByte(2, 101), 'x')).toThrow(/the stub of a key/);
    expect(() => readArmoredSecretKey(withByte(3, 1), 'x')).toThrow(/hashed in a way/);
    expect(() => readArmoredSecretKey(withByte(body.length - at - 1, 0xff ^ (body.at(-1) ?? 0)), 'x')).toThrow(
      /damaged/,
    );
  });

  it('refuses what is something else', async () => {
    const key = await openpgp.readPrivateKey({ armoredKey: armored });
    expect(() => readArmoredSecretKey(key.toPublic().armor())).toThrow(/no armored/);
    expect(() => readArmoredSecretKey('')).toThrow(/no armored/);
  });

  it('refuses damage by the checksum of the armor and by the one of the numbers', async () => {
    const key = await openpgp.readPrivateKey({ armoredKey: armored });
    const packet = Buffer.from(key.keyPacket.write());
    const frame = (body: Buffer) => writePacket(PacketTag.secretKey, body);
    const armor = (bytes: Buffer, sum = '') => {
      const lines = ['', encodeBase64Lines(bytes), ...(sum === '' ? [] : [sum])].join('\n');
      return `-----BEGIN PGP PRIVATE KEY BLOCK-----\n${lines}\n-----END PGP PRIVATE KEY BLOCK-----\n`;
    };
    expect(readArmoredSecretKey(armor(frame(packet))).type).toBe('private');
    expect(() => readArmoredSecretKey(armor(frame(packet), '=AAAA'))).toThrow(/checksum does not match/);
    const changedSum = Buffer.from(packet);
    changedSum[changedSum.length - 1] = (changedSum.at(-1) ?? 0) ^ 1;
    expect(() => readArmoredSecretKey(armor(frame(changedSum)))).toThrow(/secret key is damaged/);
    expect(() => readArmoredSecretKey(armor(frame(packet.subarray(0, -9))))).toThrow(InvalidOpenPgpError);
    expect(() => readArmoredSecretKey(armor(writePacket(PacketTag.publicKey, packet)))).toThrow(/not a secret key/);
  });
});

describe(decodeBase64.name, () => {
  it.each(['AAA', 'AAAA=', 'AA-_', 'AAAA\t', 'A===', ''])('refuses %j', (text) => {
    expect(() => decodeBase64(text, 'text')).toThrow(/not base64|empty/);
  });

  it('skips line ends and does not mind the unused bits', () => {
    expect(decodeBase64('A\r\nQ\nE=\n', 'text')).toEqual(Buffer.from([1, 1]));
    expect(decodeBase64('AQF=', 'text')).toEqual(Buffer.from([1, 1]));
  });
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** A secret-key packet's body, taken apart: what is public, and the private numbers in clear. */
async function clearBody(armored: string): Promise<{ publicPart: Buffer; numbers: Buffer }> {
  const key = await openpgp.readPrivateKey({ armoredKey: armored });
  const publicPart = Buffer.from(key.toPublic().keyPacket.write());
  const body = Buffer.from(key.keyPacket.write());
  return { publicPart, numbers: body.subarray(publicPart.length + 1, -2) };
}

function armorOf(body: Buffer): string {
  const bytes = encodeBase64Lines(writePacket(PacketTag.secretKey, body));
  return `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${bytes}\n-----END PGP PRIVATE KEY BLOCK-----\n`;
}
