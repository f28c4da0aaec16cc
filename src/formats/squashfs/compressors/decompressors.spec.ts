import { deflateSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { Chance } from '../../../../test/support/squashfs-tree.js';
import { SquashfsError, SquashfsUnsupportedError } from '../squashfs-error.js';
import { CorruptBlockError } from './decompressor.js';
import { decompressGzip } from './gzip.js';
import { decompressLz4 } from './lz4.js';
import { decompressLzma } from './lzma.js';
import { decompressLzo } from './lzo.js';
import { undoBranchFilter } from './branch-filters.js';
import { decompressXz } from './xz.js';
import { decompressZstd } from './zstd.js';

/** "snap " a hundred times and a dot, as each compressor's own tool writes it. */
const TEXT = Buffer.from('snap '.repeat(100) + '.');
const SAMPLES = {
  gzip: 'eNorzkssUCgeJUYSoQcAIYy2Nw==',
  lz4: 'X3NuYXAgBQD/2VBuYXAgLg==',
  lzma: 'XQAAAgD1AQAAAAAAAAA5m4hIGzm6jtd0/luhg///aOQAAA==',
  lzo: 'FnNuYXAgIADPEQAuEQAA',
  xz: '/Td6WFoAAAFpIt42A8AW9QMhAQoAAAAAWrGaPeAB9AAOXQA5m4hIGzm6jtd0/RpAAAAAADGGp8cAASr1AwAAAE6CA/c+MA2LAgAAAAABWVo=',
  zstd: 'KLUv/WD1AG0AADBzbmFwIC4BAOxQixY=',
};
const DECOMPRESSORS = {
  gzip: decompressGzip,
  lz4: decompressLz4,
  lzma: decompressLzma,
  lzo: decompressLzo,
  xz: decompressXz,
  zstd: decompressZstd,
};
const NAMES = Object.keys(SAMPLES) as (keyof typeof SAMPLES)[];

function sample(name: keyof typeof SAMPLES): Buffer {
  return Buffer.from(SAMPLES[name], 'base64');
}

function bytes(...parts: (number | string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
}

describe.each(NAMES)('%s', (name) => {
  const decompress = DECOMPRESSORS[name];

  it('gives back what was compressed', () => {
    expect(decompress(sample(name), 4096)).toEqual(TEXT);
    expect(decompress(sample(name), TEXT.length)).toEqual(TEXT);
  });

  it('never makes more than it may', () => {
    expect(() => decompress(sample(name), TEXT.length - 1)).toThrow(CorruptBlockError);
    expect(() => decompress(sample(name), 1)).toThrow(CorruptBlockError);
  });

  it('refuses what is cut off, or gives the start of what there was', () => {
    const whole = sample(name);
    expect(() => decompress(whole.subarray(0, whole.length >> 1), 4096)).toThrow(CorruptBlockError);
    for (let length = 0; length < whole.length; length++) {
      try {
        const start = decompress(whole.subarray(0, length), 4096);
        expect(start).toEqual(TEXT.subarray(0, start.length));
      } catch (error) {
        if (!(error instanceof SquashfsError)) throw error;
      }
    }
  });

  it('answers any damage with a SquashfsError, or with no more bytes than it may', () => {
    const chance = new Chance(name.length);
    for (let round = 0; round < 2000; round++) {
      const damaged = sample(name);
      for (let count = 1 + chance.below(3); count > 0; count--)
        damaged[chance.below(damaged.length)] = chance.below(256);
      try {
        expect(decompress(damaged, 600).length).toBeLessThanOrEqual(600);
      } catch (error) {
        if (!(error instanceof SquashfsError)) throw error;
      }
    }
  });
});

describe('gzip', () => {
  it('does not unfold a bomb', () => {
    expect(() => decompressGzip(deflateSync(Buffer.alloc(50_000_000)), 131_072)).toThrow(CorruptBlockError);
  });
});

describe('lz4', () => {
  it.each([
    ['literals that are not there', bytes(0x50, 'abc'), 'ends in its literals'],
    ['a match from before the start', bytes(0x10, 'a', 2, 0, 0x10, 'b'), 'copies from before its start'],
    ['a match from nowhere', bytes(0x10, 'a', 0, 0, 0x10, 'b'), 'copies from before its start'],
    ['a match beyond the block', bytes(0x1f, 'a', 1, 0, 255, 255, 0, 0x10, 'b'), 'longer than a block'],
    ['literals beyond the block', bytes(0xf0, 200, Buffer.alloc(215)), 'longer than a block'],
    ['a match and no end', bytes(0x10, 'a', 1, 0), 'ends early'],
    ['half a distance', bytes(0x10, 'a', 1), 'ends early'],
    ['a length without end', bytes(0xf0, 255), 'ends early'],
  ])('refuses %s', (_what, input, message) => {
    expect(() => decompressLz4(input, 100)).toThrow(message);
  });

  it('repeats bytes over themselves', () => {
    expect(decompressLz4(bytes(0x31, 'abc', 3, 0, 0x10, '!'), 100).toString()).toBe('abcabcab!');
    expect(decompressLz4(bytes(0x11, 'a', 1, 0, 0x10, '!'), 100).toString()).toBe('aaaaaa!');
  });
});

describe('lzo', () => {
  const END = bytes(0x11, 0, 0);

  it.each([
    // A first byte over 17 is literals; then matches of every reach, each from where the letters say.
    ['literals only', bytes(17 + 5, 'hello', END), 'hello'],
    ['a match of 3 within 2 KiB', bytes(17 + 4, 'abcd', 0x40 | (3 << 2), 0, END), 'abcdabc'],
    ['a match of 2 behind few literals', bytes(17 + 3, 'abc', 0x08, 0, END), 'abcab'],
    ['a match within 16 KiB and a literal', bytes(17 + 4, 'abcd', 0x21, (3 << 2) | 1, 0, 'x', END), 'abcdabcx'],
    ['a literal run that counts on', bytes(0, 1, 'a'.repeat(19), END), 'a'.repeat(19)],
    ['a match that counts on', bytes(17 + 4, 'abcd', 0x20, 1, 3 << 2, 0, END), 'abcd'.repeat(9) + 'ab'],
  ])('reads %s', (_what, input, text) => {
    expect(decompressLzo(input, 100).toString()).toBe(text);
  });

  it('reaches back over 16 KiB', () => {
    const far = 0x4000 + 10;
    const literals = Buffer.alloc(far + 5, 'x');
    literals.write('far');
    const zeros = Math.floor((literals.length - 19) / 255);
    const run = bytes(0, Buffer.alloc(zeros), literals.length - 18 - zeros * 255, literals);
    const distance = literals.length - 0x4000;
    const input = bytes(run, 0x11, (distance & 0x3f) << 2, distance >> 6, END);
    expect(decompressLzo(input, 20_000).subarray(-3).toString()).toBe('far');
  });

  it.each([
    ['no end', bytes(17 + 5, 'hello'), 'ends early'],
    ['something behind the end', bytes(17 + 5, 'hello', END, 0), 'something follows its end'],
    ['literals that are not there', bytes(17 + 5, 'hell'), 'ends in its literals'],
    ['literals beyond the block', bytes(17 + 120, Buffer.alloc(120), END), 'longer than a block'],
    ['a match from before the start', bytes(17 + 4, 'abcd', 0x40 | (4 << 2), 0, END), 'copies from before its start'],
    ['a match beyond the block', bytes(17 + 4, 'abcd', 0x20, 200, 0, 0, END), 'longer than a block'],
  ])('refuses %s', (_what, input, message) => {
    expect(() => decompressLzo(input, 100)).toThrow(message);
  });
});

describe('xz', () => {
  it.each([
    ['its magic', 1, 'does not start as such'],
    ['its flags', 7, 'its header is damaged'],
    ['a block header', 13, 'header of a block is damaged'],
  ])('notices damage to %s', (_what, at, message) => {
    const damaged = sample('xz');
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(() => decompressXz(damaged, 4096)).toThrow(message);
  });

  it('notices content that does not match its checksum', () => {
    const damaged = sample('xz');
    const checksum = damaged.length - 24 - 4;
    damaged[checksum] = (damaged[checksum] ?? 0) ^ 1;
    expect(() => decompressXz(damaged, 4096)).toThrow('checksum does not match');
  });

  it('says which filter it does not have', () => {
    expect(() => {
      undoBranchFilter(0x03, Buffer.of(1), Buffer.alloc(4));
    }).toThrow(SquashfsUnsupportedError);
    expect(() => {
      undoBranchFilter(0x04, Buffer.of(0, 1, 0, 0), Buffer.alloc(4));
    }).toThrow('starts at another address');
  });

  it.each([
    // The first call of each instruction set that stands at address 8 and calls address 0x10, made absolute by xz.
    ['x86', 0x04, '9090909090909090e8100000009090', '9090909090909090e8030000009090'],
    ['powerpc', 0x05, '000000000000000048000011', '000000000000000048000009'],
    ['arm', 0x07, '0000000000000000040000eb', '0000000000000000000000eb'],
    ['armthumb', 0x08, '000000000000000000f008f8', '000000000000000000f002f8'],
    ['sparc', 0x09, '000000000000000040000004', '000000000000000040000002'],
  ])('makes %s calls relative again', (_name, id, absolute, relative) => {
    const content = Buffer.from(absolute, 'hex');
    undoBranchFilter(id, Buffer.alloc(0), content);
    expect(content.toString('hex')).toBe(relative);
  });
});

describe('zstd', () => {
  const MAGIC = Buffer.from('28b52ffd', 'hex');
  /** A frame of one segment that says how long it is. */
  const frame = (sizeBytes: number, ...blocks: Buffer[]): Buffer => bytes(MAGIC, 0x20, sizeBytes, ...blocks);
  const block = (type: number, size: number, content: Buffer | string, last = true): Buffer => {
    const header = Buffer.alloc(3);
    header.writeUIntLE((size << 3) | (type << 1) | (last ? 1 : 0), 0, 3);
    return bytes(header, content);
  };

  it('reads stored and repeated blocks', () => {
    const input = frame(8, block(0, 3, 'abc', false), block(1, 5, 'x'));
    expect(decompressZstd(input, 100).toString()).toBe('abcxxxxx');
  });

  it.each([
    ['a block of unknown type', frame(1, block(3, 1, 'a')), 'of unknown type'],
    ['a repeated block beyond the output', frame(1, block(1, 101, 'a')), 'longer than a block'],
    ['a stored block beyond the output', frame(1, block(0, 101, Buffer.alloc(101))), 'longer than a block'],
    ['a block larger than zstd has', frame(1, block(1, 128 * 1024 + 1, 'a')), 'a block is too large'],
    ['a stored block that is not there', frame(3, block(0, 3, 'ab')), 'ends early'],
    ['another length than it says', frame(2, block(1, 1, 'a')), 'not as long as it says'],
    ['unknown flags', bytes(MAGIC, 0x28, 1, block(1, 1, 'a')), 'unknown flags'],
    ['blocks without end', frame(0, ...Array.from({ length: 4097 }, () => block(0, 0, '', false))), 'too many blocks'],
    // Literals: one raw byte; then a sequence in default tables whose bits say offset code 0 and no literals.
    ['repeated tables that there are not', frame(1, block(2, 5, Buffer.of(0x08, 1, 1, 0xfc, 1))), 'repeats tables'],
    [
      'a repeated code that there is not',
      frame(1, block(2, 4, Buffer.of(0x13, 0x40, 0, 0))),
      'Huffman code that it does',
    ],
    ['sequences that use more literals', frame(1, block(2, 7, Buffer.of(0, 1, 0x54, 5, 0, 0, 1))), 'fewer literals'],
    ['a match from before the start', frame(1, block(2, 7, Buffer.of(0, 1, 0x54, 0, 5, 0, 0x20))), 'before its start'],
  ])('refuses %s', (_what, input, message) => {
    expect(() => decompressZstd(input, 100)).toThrow(message);
  });

  it('refuses a compressed block of more than 128 KiB', () => {
    // One literal, and the longest match there is.
    const sequence = Buffer.of(0x08, 0x61, 1, 0x54, 1, 0, 52, 0xff, 0xff, 1);
    expect(() => decompressZstd(frame(1, block(2, sequence.length, sequence)), 200_000)).toThrow(
      'a block is too large',
    );
  });

  it('says that it takes no dictionary', () => {
    expect(() => decompressZstd(bytes(MAGIC, 0x21, 7, 1, block(1, 1, 'a')), 100)).toThrow(SquashfsUnsupportedError);
  });

  it('spends no more on long matches than they may give', () => {
    // 32,511 sequences of the longest match there is, in single-symbol tables: 4 GiB where nobody counts.
    const sequences = Buffer.concat([Buffer.of(0x08, 0x61, 255, 0, 0, 0x54, 0, 0, 52), Buffer.alloc(65_022, 0xff)]);
    const input = frame(1, block(2, sequences.length, sequences));
    expect(() => decompressZstd(input, 131_072)).toThrow(CorruptBlockError);
  });
});
