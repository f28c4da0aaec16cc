import { setImmediate } from 'node:timers/promises';
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';

import { messageOf, StoreError } from '../../kernel/store-error.js';
import { ByteQueue, EndedEarly } from './byte-queue.js';
import { BundleDamagedError, type BundlePlace } from './errors.js';

/** Large, because each chunk costs a trip to zlib's thread. */
const CHUNK_BYTES = 512 * 1024;
/** How far back DEFLATE refers at most (RFC 1951). */
const WINDOW_BYTES = 32 * 1024;
const MAX_HEADER_TEXT_BYTES = 64 * 1024;

const FLAG = { headerChecksum: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;
const STORED = 0;

/** Whether a file that starts like this is gzip (RFC 1952: ID1, ID2 and the one method there is). */
export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b && start[2] === 8;
}

/**
 * Unpacks gzip of any level, at the pace of the reader. Nothing may follow the end of the gzip stream, not even zeros.
 * Stored blocks, of which our bundles are made, are handed on as they lie in the source: zlib would take as long for them as
 * the store takes for all else on the way of a snap.
 * @param place is asked for at the moment of failure, so that a cut file names the member that was being read
 * @throws BundleDamagedError
 */
export async function* gunzipped(source: AsyncIterable<Uint8Array>, place: () => BundlePlace): AsyncGenerator<Buffer> {
  const input = new ByteQueue(source);
  try {
    do yield* member(input);
    while (await startsMember(input));
  } catch (error) {
    // Whoever reads is behind by what it has buffered. It catches up first, so that the member is the right one.
    await setImmediate();
    if (error instanceof SomethingAfterError)
      throw new BundleDamagedError(place(), 'has something after the end of the gzip stream');
    if (error instanceof EndedEarly || codeOf(error) === 'Z_BUF_ERROR')
      throw new BundleDamagedError(place(), 'the gzip stream is cut short', { cause: error });
    if (error instanceof GzipError || codeOf(error).startsWith('Z_')) {
      const reason = `the gzip stream is damaged (${messageOf(error)})`;
      throw new BundleDamagedError(place(), reason, { cause: error });
    }
    throw error;
  } finally {
    await input.close();
  }
}

/** Not gzip, or not any more. */
class GzipError extends Error {}

class SomethingAfterError extends Error {}

async function startsMember(input: ByteQueue): Promise<boolean> {
  if (await input.isAtEnd()) return false;
  const start = await input.take(1);
  input.putBack(start);
  if (start[0] === 0x1f) return true;
  throw new SomethingAfterError();
}

async function* member(input: ByteQueue): AsyncGenerator<Buffer> {
  await skipHeader(input);
  const window = new Window();
  let checksum = 0;
  let length = 0;
  for await (const piece of blocks(input, window)) {
    checksum = crc32(piece, checksum);
    length += piece.length;
    window.add(piece);
    yield piece;
  }
  const trailer = await input.take(8);
  if (trailer.readUInt32LE(0) !== checksum) throw new GzipError('incorrect data check');
  if (trailer.readUInt32LE(4) !== length % 0x1_0000_0000) throw new GzipError('incorrect length check');
}

async function skipHeader(input: ByteQueue): Promise<void> {
  const header = await input.take(10);
  const flags = header.readUInt8(3);
  if (!isGzip(header)) throw new GzipError('incorrect header check');
  if ((flags & FLAG.reserved) !== 0) throw new GzipError('unknown header flags set');
  if ((flags & FLAG.extra) !== 0) await input.take((await input.take(2)).readUInt16LE());
  if ((flags & FLAG.name) !== 0) await skipText(input);
  if ((flags & FLAG.comment) !== 0) await skipText(input);
  if ((flags & FLAG.headerChecksum) !== 0) await input.take(2);
}

async function skipText(input: ByteQueue): Promise<void> {
  for (let read = 0; (await input.take(1))[0] !== 0; read++)
    if (read === MAX_HEADER_TEXT_BYTES) throw new GzipError('a header text that does not end');
}

/** Stored blocks one by one; from the first other block on, all that is left of the DEFLATE stream. */
async function* blocks(input: ByteQueue, window: Window): AsyncGenerator<Buffer> {
  for (let isLast = false; !isLast;) {
    // Stored blocks start and end at whole bytes, so the next block's first three bits are the lowest of a byte.
    const first = await input.take(1);
    const bits = first.readUInt8();
    if (((bits >> 1) & 3) !== STORED) {
      input.putBack(first);
      yield* inflated(input, window.bytes());
      return;
    }
    isLast = (bits & 1) === 1;
    const lengths = await input.take(4);
    let left = lengths.readUInt16LE(0);
    if (left !== (lengths.readUInt16LE(2) ^ 0xffff)) throw new GzipError('invalid stored block lengths');
    while (left > 0) {
      const piece = await input.some(left);
      left -= piece.length;
      yield piece;
    }
  }
}

/** Unpacks the rest of a DEFLATE stream, and leaves in the queue what comes after it. */
async function* inflated(input: ByteQueue, dictionary: Buffer): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({
    chunkSize: CHUNK_BYTES,
    ...(dictionary.length === 0 ? {} : { dictionary }),
  });
  const feeding = feed(input, inflate);
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } finally {
    inflate.destroy();
  }
  input.putBack(await feeding);
}

/** Never rejects: who reads what comes out learns of a failure. @returns what was fed and did not belong to the stream */
async function feed(input: ByteQueue, inflate: InflateRaw): Promise<Buffer> {
  let fed = 0;
  try {
    while (!(await input.isAtEnd())) {
      const chunk = await input.some(CHUNK_BYTES);
      fed += chunk.length;
      await processed(inflate, chunk);
      // What zlib leaves over comes after the end of its stream.
      if (inflate.bytesWritten < fed) return chunk.subarray(chunk.length - (fed - inflate.bytesWritten));
    }
    inflate.end();
  } catch (error) {
    inflate.destroy(error instanceof Error ? error : new Error(String(error)));
  }
  return Buffer.alloc(0);
}

/** Resolves when zlib has taken what it wants of the chunk, or is gone. */
function processed(inflate: InflateRaw, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      inflate.off('end', done);
      inflate.off('close', done);
      resolve();
    };
    inflate.once('end', done);
    inflate.once('close', done);
    inflate.write(chunk, done);
  });
}

/** The last bytes that were unpacked, to which a block may refer. */
class Window {
  private pieces: Buffer[] = [];
  private length = 0;

  add(piece: Buffer): void {
    this.pieces.push(piece);
    this.length += piece.length;
    while (this.length - (this.pieces[0]?.length ?? 0) >= WINDOW_BYTES) {
      this.length -= this.pieces.shift()?.length ?? 0;
    }
  }

  bytes(): Buffer {
    return Buffer.concat(this.pieces).subarray(-WINDOW_BYTES);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && !(error instanceof StoreError) && 'code' in error ? String(error.code) : '';
}
