/** Loads neither Nest nor TypeORM: commands that fetch start quickly and leave the memory to what they fetch. */
export {
  AssertionFetchService,
  type FetchedAssertions,
  type WantedAssertion,
} from './assertions/assertion-fetch.service.js';
export { AssertionChains, type AssertionChainsOptions } from './assertions/assertion-chains.js';
export type { CarriedBundle, CarryOptions } from './carry/carry-run.js';
export { FetchService, type FetchTools } from './carry/fetch.service.js';
export type { CacheUsage } from './download/download-cache.js';
export { FetchCache } from './download/fetch-cache.js';
export type { FetchProgress } from './download/fetch-meter.js';
export { FetchFailedError, FetchRefusedError } from './fetch.errors.js';
export { FetchPlanner, type PlannedFetch } from './plan/fetch-planner.js';
export * from './plan/fetch-plan.js';
export * from './plan/fetch-request.js';
export type { ChannelUpdate, UpdateKind, UpdateReport } from './updates/channel-updates.js';
export { listUpdates } from './updates/list-updates.js';
