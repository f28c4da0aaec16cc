import { crc32 } from 'node:zlib';

/** The largest stored block of DEFLATE (RFC 1951, 3.2.4). */
const BLOCK_BYTES = 0xffff;
const BLOCKS_PER_CHUNK = 16;
/** The one that is being written, and the one before it. */
const CHUNKS_IN_USE = 2;

/**
 * Packs as gzip that only stores (level 0). Unlike zlib's, the result depends on the bytes alone: not on how they were cut
 * into chunks, nor on the version of zlib. No time and no operating system is written.
 * @param options.reusesMemory a chunk is valid only until two more have been asked for: to find a new mebibyte for each costs
 * more than to fill it
 */
export async function* storedGzip(
  source: AsyncIterable<Uint8Array>,
  { reusesMemory = false }: { readonly reusesMemory?: boolean | undefined } = {},
): AsyncGenerator<Buffer> {
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  const used: StoredChunk[] = [];
  let chunk = new StoredChunk();
  let checksum = 0;
  let length = 0;
  for await (const bytes of source) {
    checksum = crc32(bytes, checksum);
    length += bytes.length;
    for (let offset = 0; offset < bytes.length;) {
      offset += chunk.append(bytes, offset);
      if (chunk.isFull) {
        yield chunk.close(false);
        if (reusesMemory) used.push(chunk);
        chunk = (used.length === CHUNKS_IN_USE ? used.shift()?.reset() : undefined) ?? new StoredChunk();
      }
    }
  }
  yield chunk.close(true);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(length % 0x1_0000_0000, 4);
  yield trailer;
}

/** About a mebibyte of stored blocks, all of the full length but the last of the stream. */
class StoredChunk {
  private readonly bytes = Buffer.allocUnsafe(BLOCKS_PER_CHUNK * (BLOCK_BYTES + 5));
  private filled = 0;

  get isFull(): boolean {
    return this.filled === BLOCKS_PER_CHUNK * BLOCK_BYTES;
  }

  reset(): this {
    this.filled = 0;
    return this;
  }

  /** Takes up to the end of the block that is open; says how many bytes it took. */
  append(source: Uint8Array, offset: number): number {
    const block = Math.floor(this.filled / BLOCK_BYTES);
    const inBlock = this.filled % BLOCK_BYTES;
    const taken = Math.min(BLOCK_BYTES - inBlock, source.length - offset);
    this.bytes.set(source.subarray(offset, offset + taken), block * (BLOCK_BYTES + 5) + 5 + inBlock);
    this.filled += taken;
    return taken;
  }

  close(last: boolean): Buffer {
    const blocks = Math.max(Math.ceil(this.filled / BLOCK_BYTES), last ? 1 : 0);
    for (let block = 0; block < blocks; block++) {
      const length = Math.min(BLOCK_BYTES, this.filled - block * BLOCK_BYTES);
      const at = block * (BLOCK_BYTES + 5);
      this.bytes.writeUInt8(last && block === blocks - 1 ? 1 : 0, at);
      this.bytes.writeUInt16LE(length, at + 1);
      this.bytes.writeUInt16LE(length ^ 0xffff, at + 3);
    }
    return this.bytes.subarray(0, blocks * 5 + this.filled);
  }
}
