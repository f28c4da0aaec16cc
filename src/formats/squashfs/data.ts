import type { Decompressor } from './compressors/decompressor.js';
import type { FileInode } from './inode.js';
import type { Budget } from './limits.js';
import type { MetadataReader } from './metadata.js';
import type { RandomAccess } from './random-access.js';
import { SquashfsError } from './squashfs-error.js';
import type { Superblock } from './superblock.js';

const STORED = 0x100_0000;
const SIZE_MASK = STORED - 1;
const FRAGMENT_ENTRY_BYTES = 16;
const FRAGMENTS_A_BLOCK = 512;
const POINTER_BYTES = 8;

/** Reads what is in files: data blocks of their own, and ends that share fragment blocks. */
export class DataReader {
  private lastFragment: { readonly index: number; readonly content: Buffer } | null = null;

  constructor(
    private readonly source: RandomAccess,
    private readonly superblock: Superblock,
    private readonly decompress: Decompressor,
    private readonly metadata: MetadataReader,
    private readonly budget: Budget,
  ) {}

  /** The file's bytes, a block at a time. @throws SquashfsError */
  async *content(file: FileInode): AsyncGenerator<Buffer, void, undefined> {
    const { blockSize } = this.superblock;
    const blockSizes = file.blockSizes.copy();
    let position = file.dataStart;
    let left = file.sizeBytes;
    while (left >= blockSize || (left > 0 && file.fragment === null)) {
      const word = (await blockSizes.read(4)).readUInt32LE(0);
      const expectedBytes = Math.min(left, blockSize);
      const block = await this.block(position, word, expectedBytes);
      if (block.length !== expectedBytes) {
        throw new SquashfsError(`a block of the snap file holds ${block.length} bytes, not ${expectedBytes}`, {
          position,
        });
      }
      position += word & SIZE_MASK;
      left -= expectedBytes;
      yield block;
    }
    if (left > 0 && file.fragment !== null) {
      const { index, offset } = file.fragment;
      const fragment = await this.fragment(index);
      if (offset + left > fragment.length) {
        throw new SquashfsError('the end of a file lies outside of its fragment', { fragment: index });
      }
      yield fragment.subarray(offset, offset + left);
    }
  }

  /** A size of zero is a hole. */
  private async block(position: number, word: number, maxBytes: number): Promise<Buffer> {
    const storedBytes = word & SIZE_MASK;
    const isStored = (word & STORED) !== 0;
    if (word > (STORED | SIZE_MASK) || storedBytes > this.superblock.blockSize) {
      throw new SquashfsError('the snap file has a block that is larger than its blocks are', {
        position,
        storedBytes,
      });
    }
    this.budget.spend(maxBytes + storedBytes);
    if (storedBytes === 0) return Buffer.alloc(maxBytes);
    if (position + storedBytes > this.superblock.bytesUsed) {
      throw new SquashfsError('the snap file has a block behind its end', { position, storedBytes });
    }
    const bytes = await this.source.read(position, storedBytes);
    return isStored ? bytes : this.decompress(bytes, maxBytes);
  }

  private async fragment(index: number): Promise<Buffer> {
    if (this.lastFragment?.index === index) return this.lastFragment.content;
    const { fragmentTable, fragmentCount, bytesUsed, blockSize } = this.superblock;
    if (fragmentTable === null || index >= fragmentCount) {
      throw new SquashfsError(`the snap file has no fragment ${index}`, { fragment: index });
    }
    const pointerAt = fragmentTable + Math.floor(index / FRAGMENTS_A_BLOCK) * POINTER_BYTES;
    if (pointerAt + POINTER_BYTES > bytesUsed) {
      throw new SquashfsError('the fragment table of the snap file is cut short');
    }
    const pointer = Number((await this.source.read(pointerAt, POINTER_BYTES)).readBigUInt64LE(0));
    const entryOffset = (index % FRAGMENTS_A_BLOCK) * FRAGMENT_ENTRY_BYTES;
    const { content: entries } = await this.metadata.block(pointer, bytesUsed);
    if (entryOffset + FRAGMENT_ENTRY_BYTES > entries.length) {
      throw new SquashfsError('the fragment table of the snap file is cut short');
    }
    const start = Number(entries.readBigUInt64LE(entryOffset));
    const content = await this.block(start, entries.readUInt32LE(entryOffset + 8), blockSize);
    this.lastFragment = { index, content };
    return content;
  }
}
