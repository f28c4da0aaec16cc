import { readFileSync } from 'node:fs';

import { beforeAll, describe, expect, it } from 'vitest';

import { buildSquashfs, type ImageTree } from '../../../test/support/squashfs-image.js';
import { Chance, fixtureTree } from '../../../test/support/squashfs-tree.js';
import {
  BufferAccess,
  INSPECTION_LIMITS,
  SquashfsError,
  SquashfsLimitError,
  SquashfsPathError,
  SquashfsReader,
  SquashfsUnsupportedError,
  type SquashfsLimits,
} from './index.js';

const COMPRESSORS = ['gzip', 'lzma', 'lzo', 'xz', 'lz4', 'zstd'];

function fixture(compressor: string): Buffer {
  const file = new URL(`../../../test/support/squashfs-fixtures/${compressor}.b64`, import.meta.url);
  return Buffer.from(readFileSync(file, 'latin1'), 'base64');
}

function open(image: Buffer, limits: Partial<SquashfsLimits> = {}): Promise<SquashfsReader> {
  return SquashfsReader.open(new BufferAccess(image), { ...INSPECTION_LIMITS, ...limits });
}

/** Everything in the image, as the tree that it could have been made from. */
async function readTree(reader: SquashfsReader): Promise<ImageTree> {
  const tree: Record<string, ImageTree[string]> = {};
  for await (const { path, inode } of reader.walk()) {
    if (inode.kind === 'symlink') tree[path] = { symlink: inode.target };
    if (inode.kind !== 'file') continue;
    const blocks: Buffer[] = [];
    for await (const block of reader.content(inode)) blocks.push(block);
    tree[path] = Buffer.concat(blocks);
  }
  return tree;
}

function asBuffers(tree: ImageTree): ImageTree {
  return Object.fromEntries(
    Object.entries(tree).map(([path, content]) => [path, typeof content === 'string' ? Buffer.from(content) : content]),
  );
}

describe(SquashfsReader.name, () => {
  it.each(COMPRESSORS)('reads all that mksquashfs -comp %s wrote', async (compressor) => {
    const reader = await open(fixture(compressor));
    expect(reader.compressor).toBe(compressor);
    expect(await readTree(reader)).toEqual(asBuffers(fixtureTree()));
  });

  it.each([{}, { gzip: true }, { fragments: true }, { gzip: true, fragments: true }, { blockSize: 4096 }])(
    'reads images with %j',
    async (options) => {
      const tree = fixtureTree();
      expect(await readTree(await open(buildSquashfs(tree, options)))).toEqual(asBuffers(tree));
    },
  );

  it('reads folders whose listing goes over several metadata blocks', async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `folder/a-name-that-takes-some-room-${index}`);
    const tree = Object.fromEntries(names.map((name) => [name, name]));
    const reader = await open(buildSquashfs(tree));
    expect(await readTree(reader)).toEqual(asBuffers(tree));
    expect((await reader.readFile('folder/a-name-that-takes-some-room-2999', 100)).toString()).toBe(names[2999]);
  });

  describe('by path', () => {
    let reader: SquashfsReader;
    beforeAll(async () => {
      reader = await open(fixture('gzip'));
    });

    it('finds files, and nothing where there is nothing', async () => {
      expect((await reader.readFile('meta/snap.yaml', 1000)).toString()).toContain('name: fixture');
      expect((await reader.lookup('/meta/'))?.kind).toBe('directory');
      expect(await reader.lookup('meta/absent')).toBeNull();
      expect(await reader.lookup('empty/below-a-file')).toBeNull();
      expect(await reader.lookup('meta/../meta/snap.yaml')).toBeNull();
    });

    it('lists folders in the order of their names', async () => {
      expect((await reader.list('meta')).map(({ name, inode }) => [name, inode.kind])).toEqual([
        ['gui', 'directory'],
        ['snap.yaml', 'file'],
      ]);
      await expect(reader.list('empty')).rejects.toThrow('"empty" in the snap file is not a folder');
      await expect(reader.list('absent')).rejects.toThrow(SquashfsPathError);
    });

    it('shows symlinks and does not follow them', async () => {
      expect(await reader.lookup('bin/link')).toMatchObject({ kind: 'symlink', target: '../meta/snap.yaml' });
      await expect(reader.readFile('bin/link', 1000)).rejects.toThrow('is a symlink, not a regular file');
    });

    it('refuses what is larger than asked for, before reading it', async () => {
      await expect(reader.readFile('zeros', 4096)).rejects.toThrow(SquashfsLimitError);
      await expect(reader.readFile('meta', 4096)).rejects.toThrow(SquashfsPathError);
      await expect(reader.readFile('absent', 4096)).rejects.toThrow('"absent" in the snap file does not exist');
    });
  });

  describe('of a file that is no sound image', () => {
    const image = (): Buffer => buildSquashfs({ 'meta/snap.yaml': 'name: a', b: 'b' });

    it.each([
      ['nothing', Buffer.alloc(0), 'too short'],
      ['zeros', Buffer.alloc(4096), 'not a squashfs image'],
      ['an image cut short', image().subarray(0, -1), 'cut short'],
    ])('refuses %s', async (_what, bytes, message) => {
      await expect(open(bytes)).rejects.toThrow(message);
      await expect(open(bytes)).rejects.toMatchObject({ code: 'snap-file-damaged' });
    });

    it('accepts padding behind the image, and says where the image ends', async () => {
      const padded = Buffer.concat([image(), Buffer.alloc(5000)]);
      expect((await open(padded)).imageBytes).toBe(padded.length - 5000);
    });

    it.each<[string, (bytes: Buffer) => void, string]>([
      ['another version', (bytes) => bytes.writeUInt16LE(3, 28), 'is squashfs 3.0, not 4.0'],
      ['an unknown compressor', (bytes) => bytes.writeUInt16LE(9, 20), 'unknown compressor 9'],
    ])('says that it cannot read %s', async (_what, patch, message) => {
      const bytes = image();
      patch(bytes);
      await expect(open(bytes)).rejects.toThrow(SquashfsUnsupportedError);
      await expect(open(bytes)).rejects.toThrow(message);
    });

    it.each<[string, (bytes: Buffer) => void]>([
      ['a block size that is no power of two', (bytes) => bytes.writeUInt32LE(131_073, 12)],
      ['a block size of 1 GiB', (bytes) => (bytes.writeUInt32LE(2 ** 30, 12), bytes.writeUInt16LE(30, 22))],
      ['tables out of order', (bytes) => bytes.writeBigUInt64LE(bytes.readBigUInt64LE(72), 64)],
      ['a table behind the end', (bytes) => bytes.writeBigUInt64LE(2n ** 40n, 72)],
      ['a table beyond all numbers', (bytes) => bytes.writeBigUInt64LE(2n ** 63n, 64)],
      ['fragments without a table', (bytes) => bytes.writeUInt32LE(1, 16)],
      ['no inodes', (bytes) => bytes.writeUInt32LE(0, 4)],
    ])('refuses %s', async (_what, patch) => {
      const bytes = image();
      patch(bytes);
      await expect(open(bytes)).rejects.toMatchObject({ code: 'snap-file-damaged' });
    });
  });

  it('refuses a folder that lists itself', async () => {
    const image = buildSquashfs({ 'folder/file': 'x' });
    const root = Number(image.readBigUInt64LE(32) & 0xffffn);
    // The root has one entry; its inode offset is the first thing after the listing's metadata and run headers.
    const listing = Number(image.readBigUInt64LE(72)) + 2;
    const rootListing = image.subarray(listing).lastIndexOf('folder') + listing - 8;
    image.writeUInt16LE(root, rootListing);
    await expect(readTree(await open(image))).rejects.toThrow('in itself or in two places');
    await expect((await open(image)).readFile('folder/'.repeat(60) + 'folder', 10)).rejects.toThrow(SquashfsPathError);
    await expect((await open(image)).lookup('folder/'.repeat(65))).rejects.toThrow(SquashfsLimitError);
  });

  it.each<[string, string, string]>([
    ['a name twice', 'bb', 'aa'],
    ['names out of order', 'aa', 'zz'],
    ['a name with a slash', 'bb', 'b/'],
    ['a name with a NUL', 'bb', 'b\0'],
    ['the parent folder as a name', 'aa', '..'],
  ])('refuses a folder that has %s', async (_what, name, other) => {
    const image = buildSquashfs({ aa: '1', bb: '2' });
    image.write(other, image.lastIndexOf(name), 'latin1');
    await expect((await open(image)).list('')).rejects.toMatchObject({ code: 'snap-file-damaged' });
    await expect((await open(image)).lookup('bb')).rejects.toThrow('a folder of the snap file');
  });

  it('refuses blocks of another length than their file has', async () => {
    const image = buildSquashfs({ file: Buffer.alloc(1000, 'x') });
    const inode = Number(image.readBigUInt64LE(64)) + 2;
    expect(image.readUInt32LE(inode + 28)).toBe(1000);
    image.writeUInt32LE(1001, inode + 28);
    await expect((await open(image)).readFile('file', 10_000)).rejects.toThrow('holds 1000 bytes, not 1001');
  });

  it('refuses data behind the end of the image, even where the file goes on', async () => {
    const image = Buffer.concat([buildSquashfs({ file: 'content' }), Buffer.alloc(5000)]);
    const inode = Number(image.readBigUInt64LE(64)) + 2;
    image.writeUInt32LE(image.length - 100, inode + 16);
    await expect((await open(image)).readFile('file', 10_000)).rejects.toThrow('a block behind its end');
  });

  it('refuses the end of a file outside of its fragment', async () => {
    const image = buildSquashfs({ file: 'content' }, { fragments: true });
    const inode = Number(image.readBigUInt64LE(64)) + 2;
    image.writeUInt32LE(1, inode + 24);
    await expect((await open(image)).readFile('file', 10_000)).rejects.toThrow('outside of its fragment');
    image.writeUInt32LE(1, inode + 20);
    await expect((await open(image)).readFile('file', 10_000)).rejects.toThrow('has no fragment 1');
  });

  it('stops where the work exceeds its limit, the listing of a folder its own, and a walk its own', async () => {
    const image = buildSquashfs(fixtureTree());
    const reader = await open(image, { totalBytes: 40_000 });
    await expect(readTree(reader)).rejects.toThrow('takes more than 40000 bytes of work');
    await expect((await open(image, { directoryBytes: 1000 })).list('many')).rejects.toThrow(SquashfsLimitError);
    await expect(readTree(await open(image, { walkEntries: 100 }))).rejects.toThrow('more than 100 entries');
    await expect(readTree(await open(image, { depth: 1 }))).rejects.toThrow('nested too deep');
  });

  it('charges holes as work, so that a file of nothing but holes ends', async () => {
    const image = buildSquashfs({ file: Buffer.alloc(1000, 'x') });
    const inode = Number(image.readBigUInt64LE(64)) + 2;
    image.writeUInt32LE(131_072 * 1000, inode + 28);
    image.writeUInt32LE(0, inode + 32);
    await expect((await open(image)).readFile('file', 2 ** 40)).rejects.toThrow(SquashfsError);
  });

  it.each(COMPRESSORS)('answers damage to a %s image with a SquashfsError or not at all', async (compressor) => {
    const sound = fixture(compressor);
    const chance = new Chance(sound.length);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const image = damage(sound, chance);
      try {
        await readTree(await open(image, { totalBytes: 4 * 1024 * 1024, walkEntries: 2000 }));
      } catch (error) {
        if (!(error instanceof SquashfsError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});

/** Some bytes changed anywhere, some of them where the image says how it is built, or the end cut off. */
function damage(sound: Buffer, chance: Chance): Buffer {
  const image = Buffer.from(sound);
  if (chance.below(20) === 0) return image.subarray(0, chance.below(image.length));
  for (let count = 1 + chance.below(4); count > 0; count--) {
    const at = chance.below(chance.below(3) === 0 ? 96 : image.length);
    image[at] = [0, 0xff, chance.below(256), (image[at] ?? 0) ^ (1 << chance.below(8))][chance.below(4)] ?? 0;
  }
  return image;
}
