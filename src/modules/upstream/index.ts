export { HttpAuthorityClient } from './authority/http-authority-client.js';
export { type AuthorityConnection, connectAuthority } from './connect-authority.js';
export { UpstreamAnswerError, UpstreamInsecureError, UpstreamUnreachableError } from './http/http.errors.js';
export {
  HttpClient,
  type HttpClientOptions,
  type HttpLimits,
  type JsonAnswer,
  type JsonRequest,
} from './http/http-client.js';
export * from './online-store/online-store.js';
