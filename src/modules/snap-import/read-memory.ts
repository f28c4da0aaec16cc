const CHUNK_BYTES = 1024 * 1024;
/** Between a read and the copy into the memory that is hashed, tar and gzip hold a few pieces of 64 KiB at most. */
const CHUNKS_IN_USE = 4;

/**
 * Memory to read a carried file into. While a snap passes by, it is used again and again: to find a new mebibyte for each one of
 * a large snap, and to give it back, costs a fifth of an import's processor time. Everything else in a file is small, and may
 * be held on to.
 */
export class ReadMemory {
  private readonly chunks: Buffer[] = [];
  private next = 0;
  private isReused = false;

  /** Valid until four more have been taken, if a snap is passing by; else for as long as somebody holds it. */
  take(): Buffer {
    if (!this.isReused) return Buffer.allocUnsafe(CHUNK_BYTES);
    this.next = (this.next + 1) % CHUNKS_IN_USE;
    return (this.chunks[this.next] ??= Buffer.allocUnsafeSlow(CHUNK_BYTES));
  }

  snapBegins(): void {
    this.isReused = true;
  }

  snapEnds(): void {
    this.isReused = false;
  }
}
