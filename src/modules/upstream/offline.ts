/** The module's second face, for commands that do without Nest and TypeORM: everything but the authority's client. */
export { connectOnlineStore, type OnlineStoreCaller, type OnlineStoreConnection } from './connect-online-store.js';
export { UpstreamAnswerError, UpstreamUnreachableError } from './http/http.errors.js';
export type { Pause } from './http/retries.js';
export * from './online-store/online-store.js';
export { StoreInfoNotOfferedError } from './online-store/online-store.errors.js';
