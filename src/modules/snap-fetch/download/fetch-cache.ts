import { join } from 'node:path';

import { ensurePrivateFolder } from '../../../platform/config/private-folder.js';
import { FolderLock } from '../../../platform/process/folder-lock.js';
import { type CacheUsage, DownloadCache } from './download-cache.js';

const FOLDER = 'fetch-cache';
const LOCK = 'lock';

/** DATA/fetch-cache, which one process at a time works with: parts have one writer, and what is left of an earlier run has none. */
export class FetchCache {
  readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, FOLDER);
  }

  /** @param onWait called where another process has it for longer than a moment */
  async use<T>(work: (cache: DownloadCache) => Promise<T>, signal: AbortSignal, onWait: () => void): Promise<T> {
    const cache = new DownloadCache(this.folder);
    await cache.prepare();
    const lockFolder = join(this.folder, LOCK);
    await ensurePrivateFolder(lockFolder);
    const lock = await FolderLock.acquire(lockFolder, { signal, onWait });
    try {
      signal.throwIfAborted();
      return await work(cache);
    } finally {
      await lock.release();
    }
  }

  /** What earlier runs left behind. */
  usage(): Promise<CacheUsage> {
    return new DownloadCache(this.folder).usage();
  }

  /** Forgets all that was downloaded. @returns how much that was */
  clear(signal: AbortSignal): Promise<CacheUsage> {
    return this.use(
      (cache) => cache.clear(),
      signal,
      () => undefined,
    );
  }
}
