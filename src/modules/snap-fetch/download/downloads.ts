import type { HashWorkers } from '../../../platform/hashing/hash-workers.js';
import type { OnlineStore } from '../../upstream/index.js';
import { inParallel } from '../in-parallel.js';
import type { DownloadCache } from './download-cache.js';
import type { FetchMeter } from './fetch-meter.js';
import { FileDownload, type WantedFile } from './file-download.js';
import { TRANSFER_LIMITS, type TransferLimits } from './transfer.js';

export interface DownloadsOptions {
  readonly store: OnlineStore;
  readonly cache: DownloadCache;
  readonly workers: HashWorkers;
  readonly meter: FetchMeter;
  /** Files at a time. A file holds a thread that hashes as long as it comes, so there are never more than those. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly limits?: TransferLimits | undefined;
}

/** The files of one run, each once, in the order in which they are wanted. The first that fails ends all of them. */
export class Downloads {
  readonly signal: AbortSignal;
  private readonly stopping = new AbortController();
  private readonly files = new Map<string, FileDownload>();

  constructor(private readonly options: DownloadsOptions) {
    this.signal = AbortSignal.any([options.signal, this.stopping.signal]);
  }

  /** Before they are begun. @returns the same one for the same content */
  add(wanted: WantedFile): { readonly download: FileDownload; readonly isNew: boolean } {
    const known = this.files.get(wanted.digest.hex);
    if (known !== undefined) return { download: known, isNew: false };
    const { store, cache, workers, meter, limits = TRANSFER_LIMITS } = this.options;
    const download = new FileDownload(wanted, { store, cache, workers, meter, limits, signal: this.signal });
    this.files.set(wanted.digest.hex, download);
    meter.expect(wanted.sizeBytes);
    return { download, isNew: true };
  }

  /** Ends everything, for this reason. */
  stop(reason: unknown): void {
    this.stopping.abort(reason);
  }

  /**
   * Downloads while the work uses what comes.
   * @throws what made the first download fail, or the work; nothing is under way any more then
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const downloading = this.downloadAll();
    // Awaited below; until then its failure, which the work meets too, must not count as unhandled.
    downloading.catch(() => undefined);
    try {
      const result = await work();
      await downloading;
      return result;
    } catch (error) {
      this.stop(error);
      await Promise.allSettled([downloading]);
      throw error;
    }
  }

  private async downloadAll(): Promise<void> {
    const { jobs, workers } = this.options;
    const files = [...this.files.values()];
    try {
      await inParallel(files, Math.max(1, Math.min(jobs, workers.parallelism)), async (file) => {
        try {
          await file.run();
        } catch (error) {
          this.stop(error);
          throw error;
        }
      });
    } catch (error) {
      for (const file of files) file.fail(error);
      throw error;
    }
  }
}
