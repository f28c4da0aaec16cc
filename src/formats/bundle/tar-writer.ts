import type { Stats } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { TarArchive } from 'archiver';

const CHUNK_BYTES = 1024 * 1024;
const MODE = 0o644;
const NO_TIME = new Date(0);

/**
 * A tar that is written one member at a time, at the pace of who reads `bytes`, with nothing in its headers but path,
 * size and mode. archiver hears neither of a source that fails nor of a reader that leaves, and to abort or destroy it in the middle of
 * a member ends the process: so each member is waited for here, and an archive that will not be finished is just let go.
 */
export class TarWriter {
  private readonly archive = new TarArchive({ highWaterMark: CHUNK_BYTES });
  private readonly out = new PassThrough({ highWaterMark: CHUNK_BYTES });

  constructor() {
    this.archive.on('error', (error: Error) => this.out.destroy(error));
    // Who reads the bytes hears of it too; an error event that nobody listens to would end the process.
    this.out.on('error', () => undefined);
    this.archive.pipe(this.out);
  }

  get bytes(): AsyncIterable<Uint8Array> {
    return this.out as AsyncIterable<Uint8Array>;
  }

  /**
   * Resolves when the archive has taken the whole member in.
   * @param size what `content` must come to; the caller sees to it
   * @param mode permission bits; by default those of a file that everybody may read
   * @throws what the content throws; an error where the archive was destroyed meanwhile
   */
  async add(path: string, size: number, content: AsyncIterable<Uint8Array>, mode = MODE): Promise<void> {
    const { archive, out } = this;
    const source = Readable.from(content, { objectMode: false });
    const listeners = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        const gone = (): void => {
          reject(new Error('nobody reads the archive any more'));
        };
        const taken = (): void => {
          resolve();
        };
        source.once('error', reject);
        archive.once('entry', taken);
        out.once('close', gone);
        listeners.signal.addEventListener('abort', () => {
          archive.off('entry', taken);
          out.off('close', gone);
        });
        if (out.destroyed) gone();
        // With a size in `stats` archiver streams; without, it would collect the member in memory.
        else archive.append(source, { name: path, mode, date: NO_TIME, stats: { size } as Stats });
      });
    } finally {
      listeners.abort();
      source.destroy();
    }
  }

  /** No member comes after this. */
  finish(): void {
    void this.archive.finalize();
  }

  /** Ends what cannot be finished; the reader of `bytes` gets the error. */
  destroy(error?: Error): void {
    this.archive.unpipe(this.out);
    this.out.destroy(error);
  }
}
