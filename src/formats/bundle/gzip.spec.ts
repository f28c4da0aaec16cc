import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inChunks } from '../../../test/support/bundles.js';
import { storedGzip } from './gzip.js';
import { collect } from './streams.js';

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

  it('uses its memory again where that is wanted, but never what was given out last', async () => {
    const bytes = patterned(6_000_000);
    const whole = await collect(storedGzip(inChunks(bytes)));
    const pieces: Buffer[] = [];
    const memories = new Set<ArrayBufferLike>();
    let last: Buffer | null = null;
    for await (const piece of storedGzip(inChunks(bytes), { reusesMemory: true })) {
      // The next one is there already when this one is looked at.
      if (last !== null) pieces.push(Buffer.from(last));
      if (piece.length > 100_000) memories.add(piece.buffer);
      last = piece;
    }
    if (last !== null) pieces.push(Buffer.from(last));
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
    expect(memories.size).toBeLessThanOrEqual(3);
  });

  it('writes neither a time nor an operating system', async () => {
    const packed = await collect(storedGzip(inChunks(Buffer.from('x'))));
    expect(packed.subarray(0, 10)).toEqual(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]));
  });
});

function patterned(length: number): Buffer {
  return Buffer.alloc(length, 'the quick brown fox jumps over the lazy dog; ');
}

/** A stream that ends with a full chunk of blocks has an empty one after it to say so. */
function trailingBlock(length: number): boolean {
  return length > 0 && length % (16 * 65_535) === 0;
}
