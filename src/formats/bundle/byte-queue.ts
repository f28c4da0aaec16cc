/** The source has ended where more was needed. */
export class EndedEarly extends Error {}

/** Takes a stream apart into pieces of known size, without copying what is large. */
export class ByteQueue {
  private readonly source: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** Whether there is nothing left. */
  async isAtEnd(): Promise<boolean> {
    return (await this.chunk()).length === 0;
  }

  /** Exactly so many bytes; for small pieces. @throws EndedEarly */
  async take(count: number): Promise<Buffer> {
    if (this.rest.length >= count) return this.cut(count);
    const pieces: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      const piece = await this.some(missing);
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** What is at hand: at least a byte, and at most so many. @throws EndedEarly */
  async some(most: number): Promise<Buffer> {
    if ((await this.chunk()).length === 0) throw new EndedEarly();
    return this.cut(most);
  }

  /** The next bytes will be these. */
  putBack(bytes: Buffer): void {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([bytes, this.rest]);
  }

  async close(): Promise<void> {
    this.rest = Buffer.alloc(0);
    await this.source.return?.();
  }

  private cut(most: number): Buffer {
    const piece = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(piece.length);
    return piece;
  }

  /** All that is at hand; empty only at the end of the source. */
  private async chunk(): Promise<Buffer> {
    while (this.rest.length === 0) {
      const next = await this.source.next();
      if (next.done === true) break;
      this.rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    return this.rest;
  }
}
