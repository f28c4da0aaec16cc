import { join } from 'node:path';
import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { DataDirectory } from '../../../platform/config/data-directory.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { HashWorkers } from '../../../platform/hashing/hash-workers.js';
import { AirgapMode } from '../../airgap-policy/index.js';
import { TrustedRootsService } from '../../assertions/index.js';
import { SigningService } from '../../keys/index.js';
import { AssertionChains } from '../assertions/assertion-chains.js';
import { type CacheUsage, DownloadCache } from '../download/download-cache.js';
import type { FetchPlan } from '../plan/fetch-plan.js';
import { type CarriedBundle, CarryRun, type CarryOptions, noteStep } from './carry-run.js';
import { Unfinished } from './unfinished.js';

const CACHE_FOLDER = 'fetch-cache';
/** What a cache is cut back to after each run. */
export const DEFAULT_CACHE_BYTES = 20 * 1024 * 1024 * 1024;

/**
 * Carries a plan out: downloads, proves, packs. A bundle appears under its name only when all in it was checked as a device
 * and the other store will check it. What was downloaded stays in DATA/fetch-cache, so that an interrupted run goes on where it
 * stopped.
 */
@Injectable()
export class FetchService {
  constructor(
    private readonly signing: SigningService,
    private readonly roots: TrustedRootsService,
    private readonly mode: AirgapMode,
    private readonly locks: AdvisoryLocks,
    private readonly workers: HashWorkers,
    private readonly data: DataDirectory,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns one for each bundle of the plan, in its order
   * @throws FetchRefusedError (code `fetch-refused`) for anything that is not as signed or said; FetchFailedError; AirGappedError;
   * BundleManifestInvalidError; the signal's reason; errors of the file system. Bundles that were finished before it stay.
   */
  async carry(plan: FetchPlan, options: CarryOptions): Promise<CarriedBundle[]> {
    this.mode.mustBeOff('fetching snaps');
    return this.withCache(options, async (cache) => {
      const unfinished = new Unfinished(join(this.data.folder(CACHE_FOLDER), 'unfinished.json'));
      await unfinished.sweep();
      const run = new CarryRun(options, {
        cache,
        workers: this.workers,
        clock: this.clock,
        signer: await this.signing.manifestSigner(),
        chains: new AssertionChains({
          store: options.store,
          roots: await this.roots.current(),
          clock: this.clock,
          signal: options.signal,
        }),
        unfinished,
      });
      const carried = await run.carry(plan);
      await cache.shrinkTo(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
      return carried;
    });
  }

  /** What earlier runs left behind. */
  cacheUsage(): Promise<CacheUsage> {
    return this.cache().usage();
  }

  /** Forgets all that was downloaded. @returns how much that was */
  clearCache(): Promise<CacheUsage> {
    return this.locks.with(this.lockName, 'exclusive', () => this.cache().clear());
  }

  /** One run at a time works with a cache: parts have one writer, and what is left of an earlier run has none. */
  private async withCache<T>(options: CarryOptions, work: (cache: DownloadCache) => Promise<T>): Promise<T> {
    const cache = this.cache();
    await cache.prepare();
    let lock = await this.locks.tryTake(this.lockName, 'exclusive');
    if (lock === null) {
      noteStep(options, 'waiting for another fetch to end');
      lock = await this.locks.take(this.lockName, 'exclusive');
    }
    try {
      options.signal.throwIfAborted();
      return await work(cache);
    } finally {
      await lock.release();
    }
  }

  private cache(): DownloadCache {
    return new DownloadCache(this.data.folder(CACHE_FOLDER));
  }

  private get lockName(): string {
    return `fetch cache ${this.data.path}`;
  }
}
