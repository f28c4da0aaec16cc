import type { INestApplicationContext } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';

import { AssertionFetchService } from './assertions/assertion-fetch.service.js';
import { FetchService } from './carry/fetch.service.js';
import { SnapFetchModule } from './snap-fetch.module.js';

/**
 * Fetching on an open store. The module is loaded here and not with the others: it brings the client for the outside with it,
 * which the server must never hold.
 */
export async function loadFetchService(store: INestApplicationContext): Promise<FetchService> {
  const module = await store.get(LazyModuleLoader).load(() => SnapFetchModule);
  return module.get(FetchService);
}

/** As `loadFetchService`, for assertions alone. */
export async function loadAssertionFetchService(store: INestApplicationContext): Promise<AssertionFetchService> {
  const module = await store.get(LazyModuleLoader).load(() => SnapFetchModule);
  return module.get(AssertionFetchService);
}
