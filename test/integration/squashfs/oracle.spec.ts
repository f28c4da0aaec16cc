import { execFileSync, spawnSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { inspectSnap } from '../../../src/formats/snap-file/index.js';
import { FileAccess, INSPECTION_LIMITS, SquashfsReader } from '../../../src/formats/squashfs/index.js';
import { Chance } from '../../support/squashfs-tree.js';

const MiB = 1024 * 1024;
const COMPRESSORS = ['gzip', 'lzma', 'lzo', 'xz', 'lz4', 'zstd'];
/** Everything that changes which blocks there are, and where: on that no compressor has a say, and two of them are enough. */
const VARIANTS = [
  '',
  '-no-fragments',
  '-tailends',
  '-noI',
  '-noD',
  '-noF',
  '-noI -noD -noF -noX',
  '-b 4096',
  '-b 1M',
  '-b 1M -no-fragments',
  '-no-exports -no-xattrs -no-duplicates -no-sparse',
];
const LAID_OUT_IN_EVERY_WAY = ['gzip', 'lz4'];
/** What matters to any compressor: how large its blocks are. */
const BLOCK_SIZES = ['', '-b 4096', '-b 1M'];
const COMPRESSOR_VARIANTS = [
  'gzip -Xcompression-level 1 -Xwindow-size 8',
  'lz4 -Xhc',
  'lzo -Xalgorithm lzo1x_1',
  'lzo -Xalgorithm lzo1x_999 -Xcompression-level 9',
  'xz -Xdict-size 8K',
  'xz -b 1M -Xbcj x86',
  'xz -Xbcj x86,arm,armthumb,powerpc,sparc',
  'zstd -Xcompression-level 1',
  'zstd -b 1M -Xcompression-level 22',
];

const isInstalled = ['mksquashfs', 'unsquashfs'].every((tool) => spawnSync(tool, ['-version']).error === undefined);
if (!isInstalled) {
  console.warn(
    '\nSKIPPED: squashfs-tools are not installed, so that nothing compares our squashfs reader with unsquashfs.\n',
  );
}

describe.skipIf(!isInstalled)('against squashfs-tools', () => {
  const work = mkdtempSync(join(tmpdir(), 'squashfs-oracle-'));
  const tree = join(work, 'tree');
  const image = join(work, 'image');
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  describe('on a tree of every kind of file', () => {
    beforeAll(() => {
      writeTree(tree, 1);
    });

    const combinations = COMPRESSORS.flatMap((compressor) => {
      const variants = LAID_OUT_IN_EVERY_WAY.includes(compressor) ? VARIANTS : BLOCK_SIZES;
      return variants.map((variant) => `${compressor} ${variant}`);
    });
    it.each([...combinations, ...COMPRESSOR_VARIANTS])('reads what unsquashfs extracts: %s', async (options) => {
      make(tree, image, options);
      expect(await summaryOf(image)).toEqual(extract(image, join(work, 'extracted')));
    });
  });

  it.each(COMPRESSORS.map((compressor, index) => [compressor, index]))(
    'reads what unsquashfs extracts of random trees: %s',
    async (compressor, index) => {
      for (let seed = 2; seed < 5; seed++) {
        const random = join(work, `random-${index}-${seed}`);
        writeRandomTree(random, seed * 10 + index);
        make(random, image, compressor);
        expect(await summaryOf(image)).toEqual(extract(image, join(work, 'extracted')));
        rmSync(random, { recursive: true });
      }
    },
  );

  it.each(COMPRESSORS)(
    'reads a file of 64 MiB: %s',
    async (compressor) => {
      const large = join(work, 'large');
      mkdirSync(large, { recursive: true });
      const half = Buffer.concat([
        noise(8 * MiB, 3),
        programLike(16 * MiB),
        noise(8 * MiB, 4).map((byte) => byte & 0x0f),
      ]);
      writeFileSync(join(large, 'file'), half);
      truncateSync(join(large, 'file'), 63 * MiB);
      writeFileSync(join(large, 'file'), noise(MiB, 5), { flag: 'a' });
      make(large, image, compressor);
      const summary = await summaryOf(image);
      expect(summary).toEqual({
        file: createHash('sha256')
          .update(readFileSync(join(large, 'file')))
          .digest('hex'),
      });
    },
    600_000,
  );

  it('finds snap.yaml among tens of thousands of files', async () => {
    const wide = join(work, 'wide');
    mkdirSync(join(wide, 'meta'), { recursive: true });
    writeFileSync(join(wide, 'meta/snap.yaml'), "name: wide\nversion: '1'\n");
    for (let index = 0; index < 20_000; index++) writeFileSync(join(wide, `a-file-with-a-name-${index}`), '');
    make(wide, image, 'xz');
    const file = await open(image);
    try {
      expect((await inspectSnap(await FileAccess.of(file))).yaml.name).toBe('wide');
    } finally {
      await file.close();
    }
  });
});

function make(from: string, to: string, options: string): void {
  const [compressor = '', ...more] = options.split(' ').filter((word) => word !== '');
  const fixed = ['-noappend', '-quiet', '-no-progress'];
  execFileSync('mksquashfs', [from, to, '-comp', compressor, ...more, ...fixed], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** By path: a file's digest, a symlink's target with an arrow, or what else it is. */
type Summary = Record<string, string>;

async function summaryOf(image: string): Promise<Summary> {
  const file = await open(image);
  try {
    const limits = { ...INSPECTION_LIMITS, totalBytes: 1024 * MiB, depth: 300 };
    const reader = await SquashfsReader.open(await FileAccess.of(file), limits);
    const summary: Summary = {};
    for await (const { path, inode } of reader.walk()) {
      if (inode.kind === 'symlink') summary[path] = `-> ${inode.target}`;
      else if (inode.kind !== 'file') summary[path] = inode.kind;
      else {
        const hash = createHash('sha256');
        for await (const block of reader.content(inode)) hash.update(block);
        summary[path] = hash.digest('hex');
      }
    }
    return summary;
  } finally {
    await file.close();
  }
}

function extract(image: string, to: string): Summary {
  rmSync(to, { recursive: true, force: true });
  execFileSync('unsquashfs', ['-n', '-q', '-no-xattrs', '-d', to, image], { stdio: ['ignore', 'ignore', 'inherit'] });
  const summary: Summary = {};
  for (const entry of readdirSync(to, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(to.length + 1);
    if (entry.isSymbolicLink()) summary[path] = `-> ${readlinkSync(file)}`;
    else if (entry.isDirectory()) summary[path] = 'directory';
    else if (entry.isFile()) summary[path] = createHash('sha256').update(readFileSync(file)).digest('hex');
    else summary[path] = 'other';
  }
  return summary;
}

function writeTree(root: string, seed: number): void {
  const chance = new Chance(seed);
  const put = (path: string, content: Buffer | string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  for (const size of [0, 1, 4095, 4096, 4097, 131_071, 131_072, 131_073, MiB + 1]) {
    put(`sizes/words-${size}`, chance.compressible(Math.min(size, 150_000)));
    put(`sizes/noise-${size}`, noise(size, size));
    put(`sizes/zeros-${size}`, Buffer.alloc(size));
    put(`sizes/one-byte-${size}`, Buffer.alloc(size, 'x'));
  }
  put('program', programLike(MiB));
  put('text', 'All work and no play makes Jack a dull boy.\n'.repeat(5000));
  put('holes', Buffer.concat([Buffer.from('start'), Buffer.alloc(MiB), Buffer.from('end')]));
  for (let index = 0; index < 600; index++) put(`indexed/name-${index}`, `content ${index}`);
  put(`${'deep/'.repeat(50)}file`, 'deep');
  put(`names/${'n'.repeat(255)}`, 'long');
  put('names/ünïcödé 🐧', 'unicode');
  put('names/a space\tand a tab', 'blank');
  mkdirSync(join(root, 'empty-folder'));
  symlinkSync('../program', join(root, 'sizes/link'));
  symlinkSync('/'.repeat(3000) + 'nowhere', join(root, 'long-link'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
}

function writeRandomTree(root: string, seed: number): void {
  const chance = new Chance(seed);
  const folders = [root];
  mkdirSync(root);
  for (let count = 30 + chance.below(200); count > 0; count--) {
    const path = join(folders[chance.below(folders.length)]!, `${chance.below(1e9).toString(36)}-${count}`);
    const size = chance.below(2 ** chance.below(18));
    switch (chance.below(6)) {
      case 0:
        mkdirSync(path);
        folders.push(path);
        break;
      case 1:
        symlinkSync(`target-${chance.below(1000)}`, path);
        break;
      case 2:
        writeFileSync(path, noise(size, count));
        break;
      case 3:
        writeFileSync(path, 'x');
        truncateSync(path, size * 4);
        break;
      default:
        writeFileSync(path, chance.compressible(size));
    }
  }
}

function noise(length: number, seed: number): Buffer {
  const key = createHash('md5').update(String(seed)).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** The program that runs this: real machine code, for filters and for long matches. */
function programLike(length: number): Buffer {
  return readFileSync(process.execPath).subarray(8 * MiB, 8 * MiB + length);
}
