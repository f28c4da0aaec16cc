import type { Piece } from './answer.js';

const BUFFER_BYTES = 256 * 1024;
const MAX_FREE = 32;

/**
 * Memory in which an answer that consists of many pieces is put together before it is sent. It is used again and again: to
 * allocate it for each answer would cost more than to fill it.
 */
export class JoinBuffers {
  private readonly free: Buffer[] = [];

  /** The most bytes that fit. */
  static readonly limitBytes = BUFFER_BYTES;

  /** @returns the bytes, whose memory is to be given back when they have been sent */
  join(pieces: readonly Piece[]): Buffer {
    const memory = this.free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    let end = 0;
    for (const piece of pieces) {
      end += typeof piece === 'string' ? memory.write(piece, end, 'latin1') : piece.copy(memory, end);
    }
    return memory.subarray(0, end);
  }

  /** Only once nobody reads it any more. */
  giveBack(joined: Buffer): void {
    if (this.free.length < MAX_FREE) this.free.push(Buffer.from(joined.buffer));
  }
}

export function sizeOfPieces(pieces: readonly Piece[]): number {
  let sizeBytes = 0;
  for (const piece of pieces) sizeBytes += piece.length;
  return sizeBytes;
}
