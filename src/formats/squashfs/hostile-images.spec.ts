import { describe, expect, it } from 'vitest';

import { buildSquashfs, type ImageOptions } from '../../../test/support/squashfs-image.js';
import { BufferAccess, SquashfsReader } from './index.js';

/** Where things are in the superblock. */
const ROOT = 32;
const INODES = 64;
const FRAGMENTS = 80;
const METADATA_STORED = 0x8000;
const DATA_STORED = 0x100_0000;

/** An image of one file, with the places of what can be wrong about it; the file's inode is the first one. */
class Image {
  readonly bytes: Buffer;
  readonly inodes: number;
  readonly file: number;

  constructor(options: ImageOptions = {}) {
    this.bytes = Buffer.concat([buildSquashfs({ file: Buffer.alloc(1000, 'x') }, options), Buffer.alloc(10_000)]);
    this.inodes = Number(this.bytes.readBigUInt64LE(INODES));
    this.file = this.inodes + 2;
  }

  async read(): Promise<Buffer> {
    const reader = await SquashfsReader.open(new BufferAccess(this.bytes));
    return reader.readFile('file', 2 ** 50);
  }
}

describe('an image', () => {
  it('is read as it is made', async () => {
    expect((await new Image().read()).length).toBe(1000);
    expect((await new Image({ fragments: true }).read()).length).toBe(1000);
  });

  it.each<[string, (image: Image) => void, string]>([
    ['whose root is outside of the table', ({ bytes }) => bytes.writeBigUInt64LE(2n ** 40n, ROOT), 'ends early'],
    [
      'whose root is behind its block',
      ({ bytes }) => bytes.writeUInt16LE(60_000, ROOT),
      'behind the end of a metadata',
    ],
    ['with an inode of no known type', ({ bytes, file }) => bytes.writeUInt16LE(15, file), 'of unknown type 15'],
    ['with an empty metadata block', ({ bytes, inodes }) => bytes.writeUInt16LE(METADATA_STORED, inodes), 'cannot be'],
    [
      'with a large metadata block',
      ({ bytes, inodes }) => bytes.writeUInt16LE(METADATA_STORED | 8193, inodes),
      'cannot be',
    ],
    [
      'with one that leaves its table',
      ({ bytes, inodes }) => bytes.writeUInt16LE(METADATA_STORED | 200, inodes),
      'cannot be',
    ],
    [
      'with a metadata block of compressed nothing',
      ({ bytes, inodes }) => {
        bytes.writeUInt16LE(8, inodes);
        Buffer.from('789c030000000001', 'hex').copy(bytes, inodes + 2);
      },
      'an empty metadata block',
    ],
    [
      'with unknown flags on a block',
      ({ bytes, file }) => bytes.writeUInt32LE(0x200_0000, file + 32),
      'larger than its blocks',
    ],
    [
      'with a block of more than its block size',
      ({ bytes, file }) => bytes.writeUInt32LE(DATA_STORED | 131_073, file + 32),
      'larger than its blocks',
    ],
    [
      'with a file beyond all sizes',
      ({ bytes, file }) => (bytes.writeUInt16LE(9, file), bytes.writeUInt32LE(0xffff_ffff, file + 28)),
      'beyond all sizes',
    ],
    [
      'with more block sizes than its table holds',
      ({ bytes, file }) => (bytes.writeUInt32LE(0, file + 32), bytes.writeUInt32LE(2 ** 31, file + 28)),
      'snap file',
    ],
  ])('%s is refused', async (_what, patch, message) => {
    const image = new Image();
    patch(image);
    await expect(image.read()).rejects.toThrow(message);
    await expect(image.read()).rejects.toMatchObject({ code: 'snap-file-damaged' });
  });

  it.each<[string, (image: Image, table: number) => void]>([
    ['ends too early', ({ bytes }) => bytes.writeBigUInt64LE(bytes.readBigUInt64LE(40) - 4n, FRAGMENTS)],
    ['points beyond everything', ({ bytes }, table) => bytes.writeBigUInt64LE(2n ** 64n - 1n, table)],
    ['has an entry too few', ({ bytes }, table) => bytes.writeUInt16LE(METADATA_STORED | 8, table - 18)],
  ])('whose fragment table %s is refused', async (what, patch) => {
    const image = new Image({ fragments: true });
    patch(image, Number(image.bytes.readBigUInt64LE(FRAGMENTS)));
    const message = what === 'points beyond everything' ? 'metadata of the snap file ends early' : 'is cut short';
    await expect(image.read()).rejects.toThrow(message);
  });

  it.each([0, 4097, 2 ** 32 - 1])('with a symlink of %d bytes is refused', async (length) => {
    const bytes = buildSquashfs({ link: { symlink: 'target' }, large: 'x'.repeat(9000) });
    const inode = bytes.indexOf('target') - 24;
    expect(bytes.readUInt32LE(inode + 20)).toBe(6);
    bytes.writeUInt32LE(length, inode + 20);
    const reader = await SquashfsReader.open(new BufferAccess(bytes));
    await expect(reader.lookup('link')).rejects.toThrow(`a symlink with a target of ${length} bytes`);
  });
});
