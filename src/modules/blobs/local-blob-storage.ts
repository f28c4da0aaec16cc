import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf } from '../../kernel/store-error.js';
import { StorageFailedError, StorageFullError } from './blobs.errors.js';
import { BlobStorage, type OpenFile, type StagedFile, type StoredFile } from './blob-storage.js';
import { openLocalFile, stampOf } from './local-file.js';

const DIGEST = /^[0-9a-f]{96}$/;
const STAGING = 'staging';

/** The file system is told to start writing after so many bytes, so that the last sync has little left to wait for. */
const FLUSH_EVERY_BYTES = 32 * 1024 * 1024;

/**
 * Blobs as files: `<root>/<first two digits>/<digest>`, on their way in `<root>/staging/<id>/…`. A file is renamed to its
 * digest only after its bytes are on the disk, and the rename is on the disk when `publish` resolves.
 */
export class LocalBlobStorage extends BlobStorage {
  constructor(private readonly root: string) {
    super();
  }

  async stage(stagingId: string, what: string): Promise<StagedFile> {
    const folder = join(this.root, STAGING, stagingId);
    const path = join(folder, randomUUID());
    return guarded(what, async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return new LocalStagedFile(await open(path, 'wx', 0o600), path, what, this.root);
    });
  }

  async stagingIds(): Promise<string[]> {
    return (await entries(join(this.root, STAGING))).map((entry) => entry.name);
  }

  async removeStaging(stagingId: string): Promise<void> {
    await rm(join(this.root, STAGING, stagingId), { recursive: true, force: true });
  }

  async stat(sha3_384Hex: string): Promise<StoredFile | null> {
    try {
      const found = await stat(this.pathOf(sha3_384Hex), { bigint: true });
      return found.isFile() ? { sizeBytes: Number(found.size), stamp: stampOf(found) } : null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  open(sha3_384Hex: string): Promise<OpenFile | null> {
    return openLocalFile(this.pathOf(sha3_384Hex));
  }

  async lend<T>(sha3_384Hex: string, work: (path: string) => Promise<T>): Promise<T | null> {
    return (await this.stat(sha3_384Hex)) === null ? null : work(this.pathOf(sha3_384Hex));
  }

  async *list(): AsyncGenerator<string, void, undefined> {
    for (const folder of await entries(this.root)) {
      if (!/^[0-9a-f]{2}$/.test(folder.name)) continue;
      for (const file of await entries(join(this.root, folder.name)))
        if (DIGEST.test(file.name) && file.name.startsWith(folder.name)) yield file.name;
    }
  }

  async remove(sha3_384Hex: string): Promise<void> {
    await rm(this.pathOf(sha3_384Hex), { force: true });
  }

  private pathOf(sha3_384Hex: string): string {
    return blobPath(this.root, sha3_384Hex);
  }
}

class LocalStagedFile implements StagedFile {
  private writtenBytes = 0;
  private flushedBytes = 0;
  private flushing: Promise<void> | null = null;
  private flushError: unknown = null;
  private isOpen = true;

  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly what: string,
    private readonly root: string,
  ) {}

  write(block: Uint8Array): Promise<void> {
    return guarded(this.what, async () => {
      for (let at = 0; at < block.length;) {
        const { bytesWritten } = await this.handle.write(block, at, block.length - at, this.writtenBytes);
        at += bytesWritten;
        this.writtenBytes += bytesWritten;
      }
      if (this.writtenBytes - this.flushedBytes >= FLUSH_EVERY_BYTES) this.flush();
    });
  }

  finish(): Promise<void> {
    return guarded(this.what, async () => {
      await this.flushing;
      if (this.flushError !== null) throw this.flushError as Error;
      await this.handle.sync();
      await this.close();
    });
  }

  async open(): Promise<OpenFile> {
    const file = await openLocalFile(this.path);
    if (file === null)
      throw new StorageFailedError(`${this.what} is gone from the staging folder`, { what: this.what });
    return file;
  }

  publish(sha3_384Hex: string): Promise<StoredFile> {
    const path = blobPath(this.root, sha3_384Hex);
    const folder = dirname(path);
    return guarded(this.what, async () => {
      const made = await mkdir(folder, { recursive: true, mode: 0o700 });
      await rename(this.path, path);
      await syncFolder(folder);
      if (made !== undefined) await Promise.all([syncFolder(this.root), syncFolder(dirname(this.root))]);
      const published = await stat(path, { bigint: true });
      return { sizeBytes: Number(published.size), stamp: stampOf(published) };
    });
  }

  async discard(): Promise<void> {
    await this.flushing;
    await this.close();
    await rm(this.path, { force: true });
  }

  /** Runs beside the next writes; what it fails with is thrown at the end, where the file would have been called durable. */
  private flush(): void {
    if (this.flushing !== null) return;
    this.flushedBytes = this.writtenBytes;
    this.flushing = this.handle
      .datasync()
      .catch((error: unknown) => {
        this.flushError = error;
      })
      .finally(() => {
        this.flushing = null;
      });
  }

  private async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.handle.close();
  }
}

function blobPath(root: string, sha3_384Hex: string): string {
  if (!DIGEST.test(sha3_384Hex)) throw new StorageFailedError(`"${sha3_384Hex.slice(0, 100)}" does not name a blob`);
  return join(root, sha3_384Hex.slice(0, 2), sha3_384Hex);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function entries(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new StorageFullError(what, error);
    if (code === null) throw error;
    throw new StorageFailedError(`${what} cannot be stored: ${messageOf(error)}`, { what, code }, { cause: error });
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : null;
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
