import type { Settings } from '../../platform/config/settings.js';
import { HttpClient, type HttpClientOptions } from './http/http-client.js';
import { Retries, type RetryOptions } from './http/retries.js';
import { readStoreLogin } from './login/store-login.js';
import { StoreSession } from './login/store-session.js';
import { HttpOnlineStore } from './online-store/http-online-store.js';
import type { OnlineStore } from './online-store/online-store.js';

/** Answers to fifty snaps with their snap.yaml are long. */
const LIMITS = { answerMs: 60_000, answerBytes: 64 * 1024 * 1024 };

export interface OnlineStoreConnection extends Omit<HttpClientOptions, 'proxy' | 'reusesConnections'> {
  readonly retries?: Partial<RetryOptions>;
}

/** Who asks. */
export interface OnlineStoreCaller {
  /** The content of a file of `snapcraft export-login`; null where nobody is logged in. */
  readonly auth: string | null;
  /** The id of a store of somebody's own; null for the public one. */
  readonly storeId: string | null;
}

/**
 * The online store that `proxy.upstream` names, through `proxy.https.proxy` where one is set. Nobody is contacted yet.
 * @throws StoreLoginUnreadableError
 */
export function connectOnlineStore(
  settings: Settings,
  { retries = {}, limits = {}, ...options }: OnlineStoreConnection,
  caller: OnlineStoreCaller,
): OnlineStore {
  const http = new HttpClient({
    ...options,
    limits: { ...LIMITS, ...limits },
    proxy: settings.get('proxy.https.proxy'),
    reusesConnections: true,
  });
  const session =
    caller.auth === null
      ? null
      : new StoreSession(readStoreLogin(caller.auth), http, settings.get('proxy.sso.location'));
  const url = settings.get('proxy.upstream') ?? 'https://api.snapcraft.io';
  return new HttpOnlineStore(http, new Retries(retries), { url, session, storeId: caller.storeId });
}
