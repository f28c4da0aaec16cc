import { spawnSync } from 'node:child_process';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inChunks } from '../../../test/support/bundles.js';
import { gunzipped, storedGzip } from './gzip.js';
import { collect } from './streams.js';

const place = () => ({ file: 'x.gz', member: null });

describe(storedGzip.name, () => {
  it.each([0, 1, 65_534, 65_535, 65_536, 16 * 65_535, 16 * 65_535 + 1, 3_000_000])(
    'stores %d bytes',
    async (length) => {
      const bytes = patterned(length);
      const packed = await collect(storedGzip(inChunks(bytes)));
      expect(gunzipSync(packed).equals(bytes)).toBe(true);
      expect(spawnSync('gzip', ['-t'], { input: packed }).status).toBe(0);
      expect(packed.length).toBe(
        10 + length + 5 * Math.max(1, Math.ceil(length / 65_535)) + 8 + (trailingBlock(length) ? 5 : 0),
      );
    },
  );

  it('depends on the bytes alone, not on how they were cut', async () => {
    const bytes = patterned(1_200_000);
    const whole = await collect(storedGzip(inChunks(bytes, bytes.length)));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1000, max: 200_000 }), async (size) => {
        expect((await collect(storedGzip(inChunks(bytes, size)))).equals(whole)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('writes neither a time nor an operating system', async () => {
    const packed = await collect(storedGzip(inChunks(Buffer.from('x'))));
    expect(packed.subarray(0, 10)).toEqual(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]));
  });
});

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
});

function patterned(length: number): Buffer {
  return Buffer.alloc(length, 'the quick brown fox jumps over the lazy dog; ');
}

/** A stream that ends with a full chunk of blocks has an empty one after it to say so. */
function trailingBlock(length: number): boolean {
  return length > 0 && length % (16 * 65_535) === 0;
}
