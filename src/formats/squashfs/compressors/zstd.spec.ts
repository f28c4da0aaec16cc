import { describe, expect, it } from 'vitest';

import { BackwardBits } from './zstd-bits.js';
import { readFseTable } from './zstd-fse.js';
import { decodeHuffman, readHuffmanTable } from './zstd-huffman.js';
import { readLiterals } from './zstd-literals.js';
import { decodeSequences, newSequenceMemory } from './zstd-sequences.js';

/** Values with how many bits they take, from the lowest bit of the first byte on. */
function bits(...fields: (readonly [value: number, bits: number])[]): Buffer {
  const text = fields
    .map(([value, count]) => value.toString(2).padStart(count, '0').split('').reverse().join(''))
    .join('');
  const bytes = text.match(/.{1,8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => parseInt(byte.split('').reverse().join(''), 2)));
}

/** Accuracy 5; symbol 0 never, symbol 1 always: 32 states, none of which takes bits. */
const ONLY_ONES = bits([0, 4], [1, 5], [0, 2], [63, 6]);
/** Two symbols of one bit each: weight 1 is written, the other one follows. */
const TWO_SYMBOLS = Buffer.of(128, 0x10);

describe(BackwardBits.name, () => {
  it('reads from the last bit before the mark to the first', () => {
    const input = new BackwardBits(Buffer.of(0b0000_0001, 0b0000_0110));
    expect([input.read(1), input.read(2), input.left]).toEqual([1, 0, 7]);
    expect([input.read(7), input.left]).toEqual([1, 0]);
    expect([input.read(3), input.left]).toEqual([0, -3]);
  });

  it.each([[Buffer.alloc(0)], [Buffer.of(1, 0)]])('refuses bits without a mark', (bytes) => {
    expect(() => new BackwardBits(bytes)).toThrow('no beginning');
  });
});

describe(readFseTable.name, () => {
  it('reads a table and how long it is', () => {
    const [table, bytesRead] = readFseTable(Buffer.concat([ONLY_ONES, Buffer.alloc(9)]), 9, 35);
    expect(bytesRead).toBe(3);
    expect(table.accuracy).toBe(5);
    expect([...table.symbols]).toEqual(new Array(32).fill(1));
    expect([...table.bits]).toEqual(new Array(32).fill(0));
  });

  it.each([
    ['that is too accurate', Buffer.of(0x0f, 0), 'too accurate'],
    ['of more symbols than there are', bits([0, 4], [2, 5], [2, 5], [2, 5], [2, 5]), 'too many symbols'],
    ['that passes over more symbols than there are', bits([0, 4], [1, 5], [3, 2], [3, 2], [3, 2]), 'too many symbols'],
  ])('refuses a table %s', (_what, bytes, message) => {
    expect(() => readFseTable(bytes, 9, 2)).toThrow(message);
  });

  it('refuses a table that ends early', () => {
    expect(() => readFseTable(Buffer.of(0), 9, 35)).toThrow('ends early');
  });
});

describe(readHuffmanTable.name, () => {
  it('reads a code, and decodes with it', () => {
    const [code, bytesRead] = readHuffmanTable(TWO_SYMBOLS);
    expect(bytesRead).toBe(2);
    const output = Buffer.alloc(3);
    decodeHuffman(code, Buffer.of(0b1101), output);
    expect([...output]).toEqual([1, 0, 1]);
    expect(() => {
      decodeHuffman(code, Buffer.of(0b1101), Buffer.alloc(2));
    }).toThrow('do not fit their bits');
    expect(() => {
      decodeHuffman(code, Buffer.of(0b1101), Buffer.alloc(4));
    }).toThrow('do not fit their bits');
  });

  it.each([
    ['that is not there', Buffer.alloc(0), 'is missing'],
    ['that ends early', Buffer.of(128 + 3, 0x11), 'ends early'],
    ['with a symbol that is too long', Buffer.of(128, 0xc0), 'too long'],
    ['without symbols', Buffer.of(128, 0x00), 'has no symbols'],
    ['whose lengths leave a gap', Buffer.of(129, 0x13), 'is incomplete'],
    ['whose lengths add up to too many bits', Buffer.of(129, 0xbb), 'is incomplete'],
    ['whose states are cut off', Buffer.concat([Buffer.of(4), ONLY_ONES, Buffer.of(1)]), 'ends early'],
    ['whose weights never end', Buffer.concat([Buffer.of(5), ONLY_ONES, Buffer.of(0, 4)]), 'too many symbols'],
  ])('refuses a code %s', (_what, bytes, message) => {
    expect(() => readHuffmanTable(bytes)).toThrow(message);
  });
});

describe(readLiterals.name, () => {
  /** Coded literals: the format, their size, and the size of what follows. */
  const coded = (format: number, sizeBytes: number, stored: Buffer): Buffer =>
    Buffer.concat([bits([2 | (format << 2), 4], [sizeBytes, 10], [stored.length, 10]), stored]);

  it.each([
    ['one stream', coded(0, 3, Buffer.concat([TWO_SYMBOLS, Buffer.of(0b1101)])), [1, 0, 1]],
    [
      'four streams',
      coded(1, 7, Buffer.concat([TWO_SYMBOLS, Buffer.of(1, 0, 1, 0, 1, 0), Buffer.of(0b110, 0b101, 0b111, 0b10)])),
      [1, 0, 0, 1, 1, 1, 0],
    ],
  ])('reads %s', (_what, bytes, literals) => {
    const [read, bytesRead] = readLiterals(bytes, { code: null }, 100);
    expect([...read]).toEqual(literals);
    expect(bytesRead).toBe(bytes.length);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'ends in its literals'],
    ['plain literals that do not fit', Buffer.of(0x04 | (5 << 4), 10), 'longer than a block'],
    ['plain literals that are not there', Buffer.of(10 << 3, 1, 2), 'ends in its literals'],
    ['a header that is cut off', Buffer.of(2, 0), 'ends in its literals'],
    ['four streams without their lengths', coded(1, 7, Buffer.concat([TWO_SYMBOLS, Buffer.of(1)])), 'in its literals'],
    ['four streams for two bytes', coded(1, 2, Buffer.concat([TWO_SYMBOLS, Buffer.alloc(9, 1)])), 'in its literals'],
    ['a stream behind the end', coded(1, 7, Buffer.concat([TWO_SYMBOLS, Buffer.alloc(9, 1)])), 'in its literals'],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => readLiterals(bytes, { code: null }, 100)).toThrow(message);
  });
});

describe(decodeSequences.name, () => {
  /** One sequence whose codes are these, and which has these bits. */
  const sequence = (literalCode: number, offsetCode: number, matchCode: number, ...rest: number[]): Buffer =>
    Buffer.of(1, 0x54, literalCode, offsetCode, matchCode, ...rest);
  const decode = (bytes: Buffer, memory = newSequenceMemory()): number[][] => {
    const sequences: number[][] = [];
    decodeSequences(bytes, memory, (...one) => sequences.push(one));
    return sequences;
  };

  it('reads literals, match length and offset', () => {
    expect(decode(sequence(5, 3, 7, 0b1010))).toEqual([[5, 10, 7]]);
  });

  it.each([
    ['the newest', 5, 0, 0b1, 10],
    ['the one before it', 5, 1, 0b10, 20],
    ['the oldest', 5, 1, 0b11, 30],
    ['the one before the newest, without literals', 0, 0, 0b1, 20],
    ['the oldest, without literals', 0, 1, 0b10, 30],
    ['the newest less one, without literals', 0, 1, 0b11, 9],
  ])('repeats %s offset', (_what, literalCode, offsetCode, rest, offset) => {
    const memory = { ...newSequenceMemory(), offsets: [10, 20, 30] as [number, number, number] };
    expect(decode(sequence(literalCode, offsetCode, 0, rest), memory)).toEqual([[literalCode, 3, offset]]);
    expect(memory.offsets[0]).toBe(offset);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'end early'],
    ['half a count', Buffer.of(200), 'end early'],
    ['something behind no sequences', Buffer.of(0, 1), 'something follows'],
    ['unknown flags', Buffer.of(1, 0x55, 0, 0, 0, 1), 'unknown flags'],
    ['an unknown code', sequence(36, 0, 0, 1), 'an unknown code'],
    ['an offset beyond every block', sequence(0, 23, 0, 0, 0, 0, 1), 'copies from before its start'],
    ['bits that are not there', sequence(0, 5, 0, 1), 'sequences end early'],
    ['bits that are left over', sequence(0, 0, 0, 0b10), 'do not fit their bits'],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => decode(bytes)).toThrow(message);
  });
});
