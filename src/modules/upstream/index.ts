export { HttpAuthorityClient } from './authority/http-authority-client.js';
export { type AuthorityConnection, connectAuthority } from './connect-authority.js';
export { connectOnlineStore, type OnlineStoreCaller, type OnlineStoreConnection } from './connect-online-store.js';
export {
  UpstreamAnswerError,
  UpstreamDeniedError,
  UpstreamInsecureError,
  UpstreamUnreachableError,
} from './http/http.errors.js';
export {
  HttpClient,
  type HttpClientOptions,
  type HttpLimits,
  type JsonAnswer,
  type JsonRequest,
} from './http/http-client.js';
export type { Pause } from './http/retries.js';
export * from './online-store/online-store.js';
export { StoreInfoNotOfferedError } from './online-store/online-store.errors.js';
