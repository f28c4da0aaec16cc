import type { Settings } from '../../platform/config/settings.js';
import { HttpAuthorityClient } from './authority/http-authority-client.js';
import { HttpClient, type HttpClientOptions } from './http/http-client.js';

export interface AuthorityConnection {
  readonly client: HttpAuthorityClient;
  close(): Promise<void>;
}

/** The way to the authority that the settings name; null where they name none. Nobody is contacted yet. */
export function connectAuthority(
  settings: Settings,
  options: Omit<HttpClientOptions, 'proxy'>,
): AuthorityConnection | null {
  const dashboard = settings.get('proxy.dashboard.location');
  const sso = settings.get('proxy.sso.location');
  if (dashboard === null || sso === null) return null;
  const http = new HttpClient({ ...options, proxy: settings.get('proxy.https.proxy') });
  return { client: new HttpAuthorityClient(http, { dashboard, sso }), close: () => http.close() };
}
