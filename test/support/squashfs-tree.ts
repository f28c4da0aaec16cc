import type { ImageTree } from './squashfs-image.js';

/** Numbers that look random and are the same in every run. */
export class Chance {
  constructor(private state: number) {}

  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * limit);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** Bytes that compress about as well as programs do: words in changing order, and noise between them. */
  compressible(length: number): Buffer {
    const words = Array.from({ length: 16 }, () => this.bytes(4 + this.below(28)));
    const parts: Buffer[] = [];
    for (let left = length; left > 0;) {
      const part = this.below(32) === 0 ? this.bytes(1 + this.below(6)) : words[this.below(words.length)]!;
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts).subarray(0, length);
  }
}

/**
 * What is in the images of `squashfs-fixtures/`, which have a block size of 4 KiB: every kind of block and of place for one,
 * and a folder of more than 256 entries. Made by
 * `mksquashfs TREE IMAGE -comp COMPRESSOR -b 4096 -all-root -all-time 0 -mkfs-time 0 -no-xattrs -no-exports -nopad`.
 */
export function fixtureTree(): ImageTree {
  const chance = new Chance(7);
  const tree: Record<string, ImageTree[string]> = {
    'meta/snap.yaml': 'name: fixture\nversion: 1.10\nsummary: A snap of every kind of file\n',
    'meta/gui/fixture.desktop': '[Desktop Entry]\nName=Fixture\n',
    'bin/several-blocks': chance.compressible(4096 + 100),
    'bin/exactly-one-block': chance.compressible(4096),
    'bin/noise': chance.bytes(200),
    'bin/link': { symlink: '../meta/snap.yaml' },
    empty: '',
    zeros: Buffer.alloc(4096 * 3 + 17),
    'hole-in-between': Buffer.concat([Buffer.alloc(4096, 'a'), Buffer.alloc(4096), Buffer.from('end')]),
    repeated: Buffer.alloc(4096 * 2, 'snap'),
  };
  for (let index = 0; index < 257; index++) tree[`many/${index}`] = '';
  return tree;
}
