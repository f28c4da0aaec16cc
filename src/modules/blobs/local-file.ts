import type { BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { StorageFailedError } from './blobs.errors.js';
import type { OpenFile, ReadRange } from './blob-storage.js';

const CHUNK_BYTES = 1024 * 1024;

/** Size, and the times of the last change of content and of anything else: the latter cannot be set from outside. */
export function stampOf(stats: BigIntStats): string {
  return `${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

/** Null where there is no such file. */
export async function openLocalFile(path: string): Promise<OpenFile | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return new LocalFile(handle, await handle.stat({ bigint: true }));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class LocalFile implements OpenFile {
  readonly sizeBytes: number;
  readonly stamp: string;

  constructor(
    private readonly handle: FileHandle,
    stats: BigIntStats,
  ) {
    this.sizeBytes = Number(stats.size);
    this.stamp = stampOf(stats);
  }

  async readInto(memory: Buffer, position: number): Promise<number> {
    let filled = 0;
    while (filled < memory.length) {
      const { bytesRead } = await this.handle.read(memory, filled, memory.length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async read(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await this.handle.read(buffer, filled, buffer.length - filled, position + filled);
      if (bytesRead === 0) throw new StorageFailedError(`a stored file ends before the ${length} bytes at ${position}`);
      filled += bytesRead;
    }
    return buffer;
  }

  async *chunks({ start = 0, end = this.sizeBytes - 1, signal }: ReadRange = {}): AsyncGenerator<
    Buffer,
    void,
    undefined
  > {
    for (let at = start; at <= end; at += CHUNK_BYTES) {
      signal?.throwIfAborted();
      yield await this.read(at, Math.min(CHUNK_BYTES, end + 1 - at));
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
