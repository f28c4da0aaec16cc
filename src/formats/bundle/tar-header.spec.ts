import { describe, expect, it } from 'vitest';

import { tarHeader, tarPadding } from './tar-header.js';
import { TarWriter } from './tar-writer.js';

describe(tarHeader.name, () => {
  it.each([
    ['bundle.json', 5],
    [`media/${'a'.repeat(96)}`, 1_234_567],
    [`snaps/${'a'.repeat(32)}_2147483647.snap`, 8 ** 11 - 1],
    [`snaps/${'a'.repeat(32)}_1.snap`, 8 ** 11],
    [`components/${'a'.repeat(32)}_${'b'.repeat(40)}_2147483647.comp`, 256 * 2 ** 30],
  ])('is what archiver writes for %s of %i bytes', async (path, size) => {
    expect(tarHeader(path, size).equals(await archiversHeader(path, size))).toBe(true);
  });

  it('fails on a path that does not fit', () => {
    expect(() => tarHeader(`media/${'a'.repeat(101)}`, 1)).toThrow(TypeError);
    expect(() => tarHeader('a'.repeat(101), 1)).toThrow(TypeError);
  });
});

describe(tarPadding.name, () => {
  it.each([
    [0, 0],
    [1, 511],
    [512, 0],
    [513, 511],
  ])('after %i bytes is %i', (size, padding) => {
    expect(tarPadding(size)).toBe(padding);
  });
});

async function archiversHeader(path: string, size: number): Promise<Buffer> {
  const writer = new TarWriter();
  const adding = writer.add(path, size, beginning());
  adding.catch(() => undefined);
  for await (const bytes of writer.bytes) {
    writer.destroy();
    return Buffer.from(bytes.subarray(0, 512));
  }
  throw new Error('archiver wrote nothing');
}

async function* beginning(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.alloc(1));
  // The rest is never asked for.
  await new Promise(() => undefined);
}
