import { isIP } from 'node:net';

import type { Settings } from '../../platform/config/settings.js';
import { StoreUrlUnknownError } from './registration.errors.js';

export type Scheme = 'http' | 'https';

/**
 * The URL under which this store is registered, without a slash at the end: `proxy.public-url`, else the scheme, `proxy.domain` and
 * the port if one was set. A port that is only this machine's default is left out: the installed store listens on its scheme's own.
 * @throws StoreUrlUnknownError where neither is set, or where `proxy.public-url` has another scheme
 */
export function registeredUrl(settings: Settings, scheme: Scheme): string {
  const publicUrl = settings.get('proxy.public-url');
  if (publicUrl !== null) return ofPublicUrl(publicUrl, scheme);
  const domain = settings.get('proxy.domain');
  if (domain === null) {
    throw new StoreUrlUnknownError('the name that devices know this store by is not set', { setting: 'proxy.domain' });
  }
  const port = settings.lookup(`proxy.port.${scheme}`);
  const url = new URL(`${scheme}://${isIP(domain) === 6 ? `[${domain}]` : domain}`);
  if (port.source !== 'default' && port.value !== null) url.port = port.value;
  return url.origin;
}

/** Whether two URLs are the same place, however each is written. */
export function isSameUrl(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && plain(one) === plain(other);
}

function ofPublicUrl(publicUrl: string, scheme: Scheme): string {
  if (scheme === 'https' && !publicUrl.startsWith('https:')) {
    throw new StoreUrlUnknownError(`proxy.public-url is ${publicUrl}, which is not https`, {
      setting: 'proxy.public-url',
    });
  }
  return publicUrl.replace(/\/+$/, '');
}

function plain(url: string): string {
  return new URL(url).href.replace(/\/+$/, '');
}
