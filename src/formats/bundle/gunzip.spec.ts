import { randomBytes } from 'node:crypto';
import { constants, createGzip, gzipSync, type Deflate, type Gzip } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inChunks } from '../../../test/support/bundles.js';
import { gunzipped } from './gunzip.js';
import { storedGzip } from './gzip.js';
import { collect } from './streams.js';

const place = () => ({ file: 'x.gz', member: null });
const unpack = (packed: Buffer, chunkSize?: number) => collect(gunzipped(inChunks(packed, chunkSize), place));

describe(gunzipped.name, () => {
  it.each([0, 1, 6, 9])('unpacks level %d', async (level) => {
    const bytes = patterned(2_000_000);
    expect((await collect(gunzipped(inChunks(gzipSync(bytes, { level })), place))).equals(bytes)).toBe(true);
  });

  it('unpacks what was packed in two halves, as gzip does', async () => {
    const halves = Buffer.concat([gzipSync('one '), gzipSync('two')]);
    expect((await collect(gunzipped(inChunks(halves, 7), place))).toString()).toBe('one two');
  });

  it.each([
    ['zeros in the same chunk', 1 << 20],
    ['zeros in a later chunk', 20],
  ])('refuses %s', async (_what, chunkSize) => {
    const bytes = Buffer.concat([gzipSync('x'), Buffer.alloc(100)]);
    await expect(collect(gunzipped(inChunks(bytes, chunkSize), place))).rejects.toMatchObject({
      code: 'bundle-damaged',
      message: 'x.gz: has something after the end of the gzip stream',
    });
  });

  it('does not read on for ever after the end', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      yield gzipSync('x');
      for (;;) yield await Promise.resolve(Buffer.alloc(1000));
    }
    await expect(collect(gunzipped(endless(), place))).rejects.toMatchObject({ code: 'bundle-damaged' });
  });

  it.each([1, 3, 70_000, 1 << 20])('unpacks stored blocks that come in chunks of %d bytes', async (chunkSize) => {
    const bytes = randomBytes(chunkSize === 1 || chunkSize === 3 ? 70_000 : 2_000_000);
    const packed = await collect(storedGzip(inChunks(bytes)));
    expect((await unpack(packed, chunkSize)).equals(bytes)).toBe(true);
  });

  it.each([
    ['stored, packed', [0, 9]],
    ['stored, packed, stored', [0, 9, 0]],
    ['packed, stored, packed', [6, 0, 6]],
  ])('unpacks blocks of several kinds: %s', async (_, levels) => {
    const noise = randomBytes(100_000);
    // Every part repeats the noise, so that packed blocks refer to what stored ones have brought.
    const parts = levels.map((_level, index) =>
      Buffer.concat([noise.subarray(index), Buffer.from('text '.repeat(99))]),
    );
    const packed = await packedInParts(parts, levels);
    for (const chunkSize of [997, 1 << 20])
      expect((await unpack(packed, chunkSize)).equals(Buffer.concat(parts))).toBe(true);
  });

  it('unpacks what gzip -9 makes of anything, in any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 1, max: 600 }),
        async (bytes, level, chunkSize) => {
          expect((await unpack(gzipSync(bytes, { level }), chunkSize)).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('passes over a name, a comment, extra fields and a checksum in the header', async () => {
    const plain = gzipSync('content');
    const header = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 30]), plain.subarray(4, 10)]);
    const extras = Buffer.concat([Buffer.from([3, 0]), Buffer.from('abcname.tar\0a comment\0'), Buffer.from([0, 0])]);
    expect((await unpack(Buffer.concat([header, extras, plain.subarray(10)]))).toString()).toBe('content');
  });

  describe.each([
    ['stored', 0],
    ['packed', 9],
  ])('%s', (_, level) => {
    const packed = gzipSync(patterned(100_000), { level });

    it('is refused wherever it is cut', async () => {
      for (const length of [1, 9, 11, 13, 16, 60, packed.length >> 1, packed.length - 8, packed.length - 1])
        await expect(unpack(packed.subarray(0, length), 50)).rejects.toMatchObject({
          message: 'x.gz: the gzip stream is cut short',
        });
    });

    it.each([
      ['the checksum', -5],
      ['the length', -2],
      ['the content', 90],
    ])('is refused with a changed byte in %s', async (_what, at) => {
      const changed = Buffer.from(packed);
      const index = at < 0 ? changed.length + at : at;
      changed.writeUInt8(changed.readUInt8(index) ^ 0x41, index);
      await expect(unpack(changed)).rejects.toMatchObject({
        code: 'bundle-damaged',
        message: expect.stringMatching(/^x\.gz: the gzip stream is (?:damaged|cut short)/) as string,
      });
    });
  });

  it.each([
    ['a stored block that lies about its length', (bytes: Buffer) => bytes.fill(0, 13, 15)],
    ['another method', (bytes: Buffer) => bytes.fill(7, 2, 3)],
    ['unknown flags', (bytes: Buffer) => bytes.fill(0x80, 3, 4)],
    [
      'a name without end',
      (bytes: Buffer) => Buffer.concat([bytes.fill(8, 3, 4).subarray(0, 10), Buffer.alloc(99_999, 'x')]),
    ],
  ])('refuses %s', async (_, spoil) => {
    await expect(unpack(spoil(gzipSync('hello', { level: 0 })))).rejects.toMatchObject({
      message: expect.stringContaining('x.gz: the gzip stream is damaged') as string,
    });
  });

  it('passes on what its source fails with, and lets the source go', async () => {
    let isReleased = false;
    async function* failing(): AsyncGenerator<Buffer> {
      try {
        yield gzipSync(randomBytes(1000)).subarray(0, 500);
        await Promise.resolve();
        throw new Error('the medium failed');
      } finally {
        isReleased = true;
      }
    }
    await expect(collect(gunzipped(failing(), place))).rejects.toThrow('the medium failed');
    expect(isReleased).toBe(true);
  });
});

async function packedInParts(parts: readonly Buffer[], levels: readonly number[]): Promise<Buffer> {
  const gzip = createGzip({ level: levels[0] ?? 0 }) as Gzip & Pick<Deflate, 'params'>;
  const whole = collect(gzip);
  for (const [index, part] of parts.entries()) {
    await new Promise<void>((resolve) => {
      gzip.params(levels[index] ?? 0, constants.Z_DEFAULT_STRATEGY, resolve);
    });
    await new Promise((resolve) => gzip.write(part, resolve));
  }
  gzip.end();
  return whole;
}

function patterned(length: number): Buffer {
  return Buffer.alloc(length, 'the quick brown fox jumps over the lazy dog; ');
}
