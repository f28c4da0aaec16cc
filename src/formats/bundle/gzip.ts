import { crc32, createGunzip } from 'node:zlib';

import { messageOf, StoreError } from '../../kernel/store-error.js';
import { BundleDamagedError, type BundlePlace } from './errors.js';
import { pump } from './streams.js';

/** Large, because each chunk costs a trip to zlib's thread. */
const CHUNK_BYTES = 512 * 1024;

/** Whether a file that starts like this is gzip (RFC 1952: ID1, ID2 and the one method there is). */
export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b && start[2] === 8;
}

/**
 * Unpacks gzip of any level, at the pace of the reader. Nothing may follow the end of the gzip stream, not even zeros.
 * `place` is asked for at the moment of failure, so that a cut file names the member that was being read.
 * @throws BundleDamagedError
 */
export async function* gunzipped(source: AsyncIterable<Uint8Array>, place: () => BundlePlace): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let fed = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      fed += chunk.length;
      yield chunk;
    }
  }
  const pumping = pump(counted(), gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
    // Node.js 20 has done so by now, 24 has not: without it, whatever follows would be read to its end.
    gunzip.destroy();
    await pumping;
  } catch (error) {
    throw error instanceof Error && isZlibError(error) ? damagedGzip(error, place()) : error;
  } finally {
    gunzip.destroy();
  }
  if (gunzip.bytesWritten !== fed)
    throw new BundleDamagedError(place(), 'has something after the end of the gzip stream');
}

/** The largest stored block of DEFLATE (RFC 1951, 3.2.4). */
const BLOCK_BYTES = 0xffff;
const BLOCKS_PER_CHUNK = 16;

/**
 * Packs as gzip that only stores (level 0). Unlike zlib's, the result depends on the bytes alone: not on how they were cut
 * into chunks, nor on the version of zlib. No time and no operating system is written.
 */
export async function* storedGzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
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
        chunk = new StoredChunk();
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

function isZlibError(error: Error): boolean {
  return !(error instanceof StoreError) && 'code' in error && String(error.code).startsWith('Z_');
}

function damagedGzip(cause: Error, place: BundlePlace): BundleDamagedError {
  const cut = 'code' in cause && cause.code === 'Z_BUF_ERROR';
  const reason = cut ? 'the gzip stream is cut short' : `the gzip stream is damaged (${messageOf(cause)})`;
  return new BundleDamagedError(place, reason, { cause });
}
