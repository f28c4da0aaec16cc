import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { StoreError } from '../../../kernel/store-error.js';
import { formatPartName, idStartOf, MAX_PARTS } from './part-name.js';

export interface WritePartsOptions {
  /** Where the bundle would be written if it were not split; the parts lie beside it, and what fits into one part is written there. */
  readonly path: string;
  readonly bundleId: string;
  /** The size of every part but the last. */
  readonly partBytes: number;
  readonly signal?: AbortSignal;
  readonly maxParts?: number;
}

export interface WrittenPart {
  readonly path: string;
  readonly sizeBytes: number;
}

/** The bundle comes to more parts than can be numbered. */
export class TooManyPartsError extends StoreError {
  readonly code = 'too-many-parts';
}

/**
 * Writes the bytes of a bundle into parts: consecutive ranges of it with nothing added (docs/bundle-format.md, "Splitting").
 * All parts appear under their names when the last one is on the disk, or none of them does.
 * @throws TooManyPartsError; what the source or the file system throws; the signal's reason when aborted
 */
export async function writeParts(
  bytes: AsyncIterable<Uint8Array>,
  options: WritePartsOptions,
): Promise<readonly WrittenPart[]> {
  const writing = new PartWriting(options);
  try {
    for await (const chunk of bytes) {
      options.signal?.throwIfAborted();
      await writing.write(chunk);
    }
    options.signal?.throwIfAborted();
    return await writing.finish();
  } catch (error) {
    await writing.discard();
    throw error;
  }
}

class PartWriting {
  private readonly sizes: number[] = [];
  private readonly named: string[] = [];
  private current: FileHandle | null = null;

  constructor(private readonly options: WritePartsOptions) {}

  async write(chunk: Uint8Array): Promise<void> {
    const { partBytes } = this.options;
    for (let offset = 0; offset < chunk.length;) {
      if (this.current === null || this.sizes.at(-1) === partBytes) await this.nextPart();
      const room = partBytes - (this.sizes.at(-1) ?? 0);
      const piece = chunk.subarray(offset, offset + room);
      await this.append(piece);
      offset += piece.length;
    }
  }

  async finish(): Promise<readonly WrittenPart[]> {
    if (this.current === null) await this.nextPart();
    await this.closePart();
    const parts = this.sizes.map((sizeBytes, index) => ({ path: this.finalPath(index), sizeBytes }));
    for (const [index, { path }] of parts.entries()) {
      await rename(this.temporaryPath(index), path);
      this.named.push(path);
    }
    await syncFolder(dirname(this.options.path));
    return parts;
  }

  async discard(): Promise<void> {
    await this.current?.close().catch(() => undefined);
    this.current = null;
    const paths = [...this.sizes.map((_, index) => this.temporaryPath(index)), ...this.named];
    for (const path of paths) await rm(path, { force: true }).catch(() => undefined);
  }

  private async nextPart(): Promise<void> {
    await this.closePart();
    const { partBytes, maxParts = MAX_PARTS } = this.options;
    if (this.sizes.length === maxParts) {
      throw new TooManyPartsError(
        `the bundle has more than ${maxParts} parts of ${partBytes} bytes; make them larger`,
        {
          partBytes,
        },
      );
    }
    this.current = await open(this.temporaryPath(this.sizes.length), 'wx', 0o644);
    this.sizes.push(0);
  }

  private async closePart(): Promise<void> {
    const part = this.current;
    if (part === null) return;
    await part.sync();
    this.current = null;
    await part.close();
  }

  private async append(piece: Uint8Array): Promise<void> {
    for (let written = 0; written < piece.length;) {
      const { bytesWritten = 0 } = (await this.current?.write(piece, written)) ?? {};
      written += bytesWritten;
    }
    this.sizes[this.sizes.length - 1] = (this.sizes.at(-1) ?? 0) + piece.length;
  }

  private finalPath(index: number): string {
    const { path, bundleId } = this.options;
    const total = this.sizes.length;
    if (total === 1) return path;
    const name = formatPartName({ bundleName: basename(path), idStart: idStartOf(bundleId), number: index + 1, total });
    return join(dirname(path), name);
  }

  /** Hidden, and by the whole id, so that nothing else in the folder is ever written over. */
  private temporaryPath(index: number): string {
    const { path, bundleId } = this.options;
    return join(dirname(path), `.${basename(path)}.${bundleId}.${index + 1}.part`);
  }
}

/** Names are on the disk only when the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
