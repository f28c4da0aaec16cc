import type { Decompressor } from './compressors/decompressor.js';
import type { Budget } from './limits.js';
import type { RandomAccess } from './random-access.js';
import { SquashfsError } from './squashfs-error.js';

const METADATA_BLOCK = 8192;
const HEADER_BYTES = 2;
const STORED = 0x8000;
const CACHED_BLOCKS = 64;

interface MetadataBlock {
  readonly content: Buffer;
  /** Where the block behind this one starts. */
  readonly next: number;
}

/** The image's metadata: blocks of at most 8 KiB, each compressed by itself, one behind the other. */
export class MetadataReader {
  private readonly cache = new Map<number, MetadataBlock>();

  constructor(
    private readonly source: RandomAccess,
    private readonly decompress: Decompressor,
    private readonly budget: Budget,
  ) {}

  /** Starts at `offset` in the content of the block at `position`, and never reads a block that starts at `end` or behind. */
  cursor(position: number, offset: number, end: number): MetadataCursor {
    return new MetadataCursor(this, position, offset, end);
  }

  async block(position: number, end: number): Promise<MetadataBlock> {
    if (position + HEADER_BYTES > end)
      throw new SquashfsError('the metadata of the snap file ends early', { position });
    const cached = this.cache.get(position);
    if (cached !== undefined) return cached;

    const header = (await this.source.read(position, HEADER_BYTES)).readUInt16LE(0);
    const storedBytes = header & ~STORED;
    const next = position + HEADER_BYTES + storedBytes;
    if (storedBytes === 0 || storedBytes > METADATA_BLOCK || next > end) {
      throw new SquashfsError('the snap file has a metadata block that cannot be', { position, storedBytes });
    }
    this.budget.spend(METADATA_BLOCK);
    const bytes = await this.source.read(position + HEADER_BYTES, storedBytes);
    const content = (header & STORED) !== 0 ? bytes : this.decompress(bytes, METADATA_BLOCK);
    if (content.length === 0) throw new SquashfsError('the snap file has an empty metadata block', { position });

    const oldest = this.cache.keys().next();
    if (this.cache.size >= CACHED_BLOCKS && oldest.done !== true) this.cache.delete(oldest.value);
    const block = { content, next };
    this.cache.set(position, block);
    return block;
  }
}

/** Reads on through metadata blocks as if they were one. */
export class MetadataCursor {
  constructor(
    private readonly metadata: MetadataReader,
    private position: number,
    private offset: number,
    private readonly end: number,
  ) {}

  /** Another cursor at the same place. */
  copy(): MetadataCursor {
    return new MetadataCursor(this.metadata, this.position, this.offset, this.end);
  }

  /** The next `length` bytes. */
  async read(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const { content, next } = await this.metadata.block(this.position, this.end);
      if (this.offset > content.length) {
        throw new SquashfsError('the snap file points behind the end of a metadata block', { position: this.position });
      }
      const piece = content.subarray(this.offset, this.offset + missing);
      missing -= piece.length;
      this.offset += piece.length;
      if (this.offset === content.length) {
        this.position = next;
        this.offset = 0;
      }
      pieces.push(piece);
    }
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, length);
  }
}
