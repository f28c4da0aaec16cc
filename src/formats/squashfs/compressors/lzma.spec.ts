import { crc32 } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { decompressLzma } from './lzma.js';
import { decompressXz } from './xz.js';

/** "snap", in the old lzma format with an end marker. */
const SNAP = Buffer.from('5d00000400ffffffffffffffff00399b88482461d4fffffb3c0000', 'hex');
const SNAP_STREAM = SNAP.subarray(13);
const PROPERTIES = 0x5d;

function withChecksum(bytes: Buffer): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(bytes));
  return Buffer.concat([bytes, checksum]);
}

/** An xz stream without checks, of one block that holds these LZMA2 chunks. */
function xz(...chunks: (number | Buffer)[]): Buffer {
  const magic = Buffer.from('fd377a585a00', 'hex');
  const header = withChecksum(Buffer.from([2, 0, 0x21, 1, 0, 0, 0, 0]));
  const content = Buffer.concat(chunks.map((chunk) => (typeof chunk === 'number' ? Buffer.of(chunk) : chunk)));
  const padding = Buffer.alloc((4 - (content.length % 4)) % 4);
  return Buffer.concat([magic, withChecksum(Buffer.alloc(2)), header, content, padding, Buffer.alloc(1)]);
}

/** What an LZMA2 chunk says of its sizes, each one less than it is. */
function sizes(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16BE(value - 1, index * 2));
  return bytes;
}

describe('LZMA2 chunks', () => {
  it('are stored or compressed, one behind the other', () => {
    const first = [1, sizes(3), Buffer.from('abc')];
    expect(decompressXz(xz(...first, 2, sizes(2), Buffer.from('de'), 0), 100).toString()).toBe('abcde');
  });

  it.each<[string, (number | Buffer)[], string]>([
    ['a first chunk on an old dictionary', [2, sizes(1), Buffer.from('a'), 0], 'does not start a dictionary'],
    ['a first chunk on old state', [1, sizes(1), Buffer.from('a'), 0x80, sizes(1, 1), 0, 0], 'set up the decoder'],
    ['a chunk of unknown kind', [1, sizes(1), Buffer.from('a'), 3, 0], 'an unknown chunk'],
    ['more stored bytes than fit', [1, sizes(101), Buffer.alloc(101), 0], 'longer than a block'],
    ['stored bytes that are not there', [1, sizes(90), Buffer.from('a')], 'ends early'],
    ['a compressed chunk that is not there', [0xe0, sizes(4, 90), PROPERTIES, SNAP_STREAM], 'ends early'],
    ['a compressed chunk that is to make more than fits', [0xe0, sizes(101, 14), PROPERTIES, SNAP_STREAM, 0], 'longer'],
    ['properties beyond all', [0xe0, sizes(4, 14), 225, SNAP_STREAM, 0], 'properties are out of range'],
    ['properties that LZMA2 does not allow', [0xe0, sizes(4, 14), 40, SNAP_STREAM, 0], 'properties are out of range'],
    ['an end marker', [0xe0, sizes(9, 14), PROPERTIES, SNAP_STREAM, 0], 'ends where it must not'],
    ['a chunk with bytes left over', [0xe0, sizes(4, 14), PROPERTIES, SNAP_STREAM, 0], 'longer than it says'],
    ['a chunk that does not start with zero', [0xe0, sizes(4, 6), PROPERTIES, Buffer.alloc(6, 1), 0], 'is not zero'],
    // Nothing but ones: a match of the oldest distance, before there is anything to match.
    ['a match of nothing', [0xe0, sizes(4, 12), PROPERTIES, 0, Buffer.alloc(11, 0xff), 0], 'from before its start'],
    [
      'chunks without end',
      [1, sizes(1), 0, ...Array.from({ length: 1024 }, () => [2, sizes(1), 0]).flat()],
      'too many chunks',
    ],
  ])('are refused with %s', (_what, chunks, message) => {
    const maxBytes = message === 'too many chunks' ? 4096 : 100;
    expect(() => decompressXz(xz(...chunks), maxBytes)).toThrow(message);
  });

  it.each([
    ['reserved flags', '02040021010000', 'unknown flags'],
    ['a last filter that is not LZMA2', '02000401000000', 'uses xz filter 4'],
    ['properties that go beyond it', '0200217f000000', 'header of a block ends early'],
    ['a number without end', '0200ffffffffff', 'ends early'],
    ['a number beyond all sizes', '0300ffffffffffffff0100', 'a number beyond all sizes'],
  ])('are not looked for in a block whose header has %s', (_what, header, message) => {
    const head = Buffer.from(header, 'hex');
    const block = withChecksum(Buffer.concat([head, Buffer.alloc(head.readUInt8(0) * 4 - head.length)]));
    const stream = Buffer.concat([xz().subarray(0, 12), block, Buffer.alloc(8)]);
    expect(() => decompressXz(stream, 100)).toThrow(message);
  });

  it('are refused with padding that is not zero', () => {
    const stream = xz(1, sizes(3), Buffer.from('abc'), 0);
    expect(stream.at(-2)).toBe(0);
    stream[stream.length - 2] = 1;
    expect(() => decompressXz(stream, 100)).toThrow('padding is not zero');
  });

  it.each([
    ['reserved flags', 0x01, 0x00],
    ['an unknown check', 0x00, 0x10],
  ])('are not looked for behind a header with %s', (_what, first, second) => {
    const stream = xz(1, sizes(3), Buffer.from('abc'), 0);
    withChecksum(Buffer.of(first, second)).copy(stream, 6);
    expect(() => decompressXz(stream, 100)).toThrow('unknown flags');
  });
});

describe('the old lzma format', () => {
  const saying = (length: number): Buffer => {
    const bytes = Buffer.from(SNAP);
    bytes.writeBigUInt64LE(BigInt(length), 5);
    return bytes;
  };

  it('ends at its length, or at an end marker where it says none', () => {
    expect(decompressLzma(SNAP, 100).toString()).toBe('snap');
    expect(decompressLzma(saying(4), 100).toString()).toBe('snap');
    expect(decompressLzma(saying(3), 100).toString()).toBe('sna');
  });

  it.each([
    ['no whole header', SNAP.subarray(0, 12), 'ends early'],
    ['an end before its length', saying(5), 'ends where it must not'],
    ['more bytes than fit', saying(101), 'longer than a block'],
  ])('is refused with %s', (_what, input, message) => {
    expect(() => decompressLzma(input, 100)).toThrow(message);
  });
});
