import type { FileHandle } from 'node:fs/promises';

import { SquashfsError } from './squashfs-error.js';

/** Bytes that can be read from anywhere, such as a file or a stored object. */
export interface RandomAccess {
  readonly sizeBytes: number;

  /** Exactly `length` bytes from `position` on. Fails where the source ends earlier. */
  read(position: number, length: number): Promise<Buffer>;
}

/** An open file. The caller owns the handle and closes it. */
export class FileAccess implements RandomAccess {
  private constructor(
    private readonly file: FileHandle,
    readonly sizeBytes: number,
  ) {}

  static async of(file: FileHandle): Promise<FileAccess> {
    return new FileAccess(file, (await file.stat()).size);
  }

  async read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.file.read(bytes, filled, length - filled, position + filled);
      if (bytesRead === 0) throw endsEarly(position, length);
      filled += bytesRead;
    }
    return bytes;
  }
}

/** Bytes that are in memory already. */
export class BufferAccess implements RandomAccess {
  constructor(private readonly bytes: Buffer) {}

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(position: number, length: number): Promise<Buffer> {
    if (position + length > this.bytes.length) return Promise.reject(endsEarly(position, length));
    return Promise.resolve(this.bytes.subarray(position, position + length));
  }
}

function endsEarly(position: number, length: number): SquashfsError {
  return new SquashfsError(`the snap file ends before the ${length} bytes at ${position}`, { position, length });
}
