import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The file system is told to start writing after so many bytes, so that the last sync has little left to wait for. */
const FLUSH_EVERY_BYTES = 32 * 1024 * 1024;

/**
 * Writes a file that is there under its name only when it is whole and on the disk.
 * @param bytes each piece must be valid until two more have been asked for
 * @param temporary in the same folder; what lies there is overwritten
 * @throws what the bytes throw, and errors of the file system; nothing stays then
 */
export async function exportFile(path: string, temporary: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    const file = await open(temporary, 'w', 0o644);
    await new SyncedWriting(file).write(bytes).finally(() => file.close());
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

class SyncedWriting {
  private sizeBytes = 0;
  private flushedBytes = 0;
  private flushing: Promise<void> | null = null;
  private failure: { readonly error: unknown } | null = null;

  constructor(private readonly file: FileHandle) {}

  async write(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      let last: Promise<void> = Promise.resolve();
      for await (const piece of bytes) {
        // The next piece is made while this one is written.
        await last;
        last = this.writeAll(piece);
        last.catch(() => undefined);
        if (this.sizeBytes - this.flushedBytes >= FLUSH_EVERY_BYTES) this.flush();
      }
      await last;
    } finally {
      await this.flushing;
    }
    if (this.failure !== null) throw this.failure.error;
    await this.file.sync();
  }

  private async writeAll(piece: Uint8Array): Promise<void> {
    const start = this.sizeBytes;
    this.sizeBytes += piece.length;
    for (let at = 0; at < piece.length;) {
      const { bytesWritten } = await this.file.write(piece, at, piece.length - at, start + at);
      at += bytesWritten;
    }
  }

  /** Runs beside the next writes; what it fails with is thrown at the end. */
  private flush(): void {
    if (this.flushing !== null) return;
    this.flushedBytes = this.sizeBytes;
    this.flushing = this.file
      .datasync()
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .finally(() => {
        this.flushing = null;
      });
  }
}

/** A path that nothing has yet: the given one, or it with a number before its ending. */
export async function freePath(folder: string, name: string, ending: string): Promise<string> {
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}${ending}`);
    if (!(await exists(path))) return path;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
