import { join } from 'node:path';

import type { Clock } from '../../../kernel/clock.js';
import type { HashWorkers } from '../../../platform/hashing/hash-workers.js';
import type { AirgapMode } from '../../airgap-policy/index.js';
import type { TrustedRootsService } from '../../assertions/index.js';
import type { SigningService } from '../../keys/index.js';
import { AssertionChains } from '../assertions/assertion-chains.js';
import type { FetchCache } from '../download/fetch-cache.js';
import type { FetchPlan } from '../plan/fetch-plan.js';
import { type CarriedBundle, CarryRun, type CarryOptions, noteStep } from './carry-run.js';
import { Unfinished } from './unfinished.js';

/** What a cache is cut back to after each run. */
export const DEFAULT_CACHE_BYTES = 20 * 1024 * 1024 * 1024;

/** What fetching stands on. */
export interface FetchTools {
  readonly signing: Pick<SigningService, 'manifestSigner'>;
  readonly roots: Pick<TrustedRootsService, 'current'>;
  readonly mode: Pick<AirgapMode, 'mustBeOff'>;
  readonly cache: FetchCache;
  readonly workers: HashWorkers;
  readonly clock: Clock;
}

/**
 * Carries a plan out: downloads, proves, packs. A bundle appears under its name only when all in it was checked as a device
 * and the other store will check it. What was downloaded stays in DATA/fetch-cache, so that an interrupted run goes on where it
 * stopped.
 */
export class FetchService {
  constructor(private readonly tools: FetchTools) {}

  /**
   * @returns one for each bundle of the plan, in its order
   * @throws FetchRefusedError (code `fetch-refused`) for anything that is not as signed or said; FetchFailedError; AirGappedError;
   * BundleManifestInvalidError; the signal's reason; errors of the file system. Bundles that were finished before it stay.
   */
  async carry(plan: FetchPlan, options: CarryOptions): Promise<CarriedBundle[]> {
    const { cache, workers, clock, signing, roots, mode } = this.tools;
    mode.mustBeOff('fetching snaps');
    const { signal, store } = options;
    const sayThatItWaits = (): void => {
      noteStep(options, 'waiting for another fetch to end');
    };
    return cache.use(
      async (downloads) => {
        const unfinished = new Unfinished(join(cache.folder, 'unfinished.json'));
        await unfinished.sweep();
        const run = new CarryRun(options, {
          cache: downloads,
          workers,
          clock,
          signer: await signing.manifestSigner(),
          chains: new AssertionChains({ store, roots: await roots.current(), clock, signal }),
          unfinished,
        });
        const carried = await run.carry(plan);
        await downloads.shrinkTo(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
        return carried;
      },
      signal,
      sayThatItWaits,
    );
  }
}
