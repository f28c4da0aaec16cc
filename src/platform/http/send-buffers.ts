import type { Piece } from './answer.js';

const BUFFER_BYTES = 256 * 1024;
const MAX_FREE = 32;

/**
 * Memory in which an answer that consists of many pieces is put together before it is sent, and into which files are read on
 * their way out. It is used again and again: to allocate it each time would cost more than to fill it.
 */
export class SendBuffers {
  private readonly free: Buffer[] = [];

  /** The most bytes that fit. */
  static readonly limitBytes = BUFFER_BYTES;

  /** @returns the bytes, whose memory is to be given back when they have been sent */
  join(pieces: readonly Piece[]): Buffer {
    const memory = this.take();
    return memory.subarray(0, copyInto(memory, pieces));
  }

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** Only once nobody reads it any more. */
  giveBack(used: Buffer): void {
    if (this.free.length < MAX_FREE) this.free.push(Buffer.from(used.buffer));
  }
}

export function sizeOfPieces(pieces: readonly Piece[]): number {
  let sizeBytes = 0;
  for (const piece of pieces) sizeBytes += piece.length;
  return sizeBytes;
}

/** The pieces in one, in memory of their own. */
export function joined(pieces: readonly Piece[]): Buffer {
  const memory = Buffer.allocUnsafeSlow(sizeOfPieces(pieces));
  copyInto(memory, pieces);
  return memory;
}

function copyInto(memory: Buffer, pieces: readonly Piece[]): number {
  let end = 0;
  for (const piece of pieces) {
    end += typeof piece === 'string' ? memory.write(piece, end, 'latin1') : piece.copy(memory, end);
  }
  return end;
}
