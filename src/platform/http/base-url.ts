import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { Settings } from '../config/settings.js';
import { StoreUrl } from './store-url.js';

/** Settings and addresses change seldom and are dear to ask for; a change is seen within this time. */
const REMEMBERED_MS = 1_000;
const MAX_REMEMBERED = 200;

/**
 * What absolute URLs in answers start with, without a slash at the end: the URL that the store is registered under, which
 * devices compare with, else `proxy.public-url`, else scheme, `proxy.domain` and port. While there is none of them, the `Host`
 * header is followed as long as it names one of this machine's own addresses, and otherwise the address that the connection came
 * in on: a client must not be able to make the store point elsewhere.
 */
@Injectable()
export class BaseUrl {
  private readonly remembered = new LRUCache<string, string>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS });

  constructor(
    private readonly settings: Settings,
    private readonly storeUrl: StoreUrl,
  ) {}

  /** @param mount the path under which a host application has mounted the store; empty for the store itself */
  of(request: IncomingMessage, mount = ''): string {
    const registered = this.storeUrl.get();
    if (registered !== null) return registered;
    const { host, 'x-forwarded-proto': forwarded } = request.headers;
    const { localAddress, localPort } = request.socket;
    const key = `${host}|${String(forwarded)}|${localAddress}|${localPort}|${mount}`;
    const known = this.remembered.get(key);
    if (known !== undefined) return known;
    const url = this.resolve(request, mount);
    if (key.length < 1024) this.remembered.set(key, url);
    return url;
  }

  /** What leads a client that asked over HTTP to the same place over HTTPS, on this port unless a URL is set. */
  secureOf(request: IncomingMessage, port: number): string {
    const set = configuredUrl(this.settings, this.storeUrl, { scheme: 'https', port });
    if (set?.startsWith('https:') === true) return set;
    const domain = this.settings.get('proxy.domain');
    const named = ownHost(request.headers.host)?.replace(/:[0-9]+$/, '');
    const host = domain ?? named ?? plainAddress(request.socket.localAddress ?? '127.0.0.1');
    return urlOf('https', host, port);
  }

  private resolve(request: IncomingMessage, mount: string): string {
    const { localAddress = '127.0.0.1', localPort = 80 } = request.socket;
    const behindTls =
      this.settings.flag('proxy.trust-forwarded-proto') && request.headers['x-forwarded-proto'] === 'https';
    const scheme = 'encrypted' in request.socket || behindTls ? 'https' : 'http';
    // Whoever ends TLS in front of the store does so on the port that https has by default.
    const port = behindTls ? 443 : localPort;
    const set = configuredUrl(this.settings, this.storeUrl, { scheme, port, mount });
    if (set !== null) return set;
    const named = ownHost(request.headers.host);
    if (named !== null) return `${scheme}://${named}${mount}`;
    return `${urlOf(scheme, plainAddress(localAddress), localPort)}${mount}`;
  }
}

/** Where a server listens, and the path under which a host application has mounted the store. */
export interface Listening {
  readonly scheme: 'http' | 'https';
  readonly port: number;
  readonly mount?: string;
}

/** The store's URL as it is set: by its registration, by `proxy.public-url`, by `proxy.domain`. Null where none of them is. */
export function configuredUrl(settings: Settings, storeUrl: StoreUrl, listening: Listening): string | null {
  const whole = storeUrl.get() ?? settings.get('proxy.public-url');
  if (whole !== null) return whole.replace(/\/+$/, '');
  const domain = settings.get('proxy.domain');
  return domain === null ? null : `${urlOf(listening.scheme, domain, listening.port)}${listening.mount ?? ''}`;
}

/** Without the port where it is the scheme's own. */
export function urlOf(scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${bracketed(host)}${port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`}`;
}

/** The Host header in its normal form if it names this machine by one of its addresses, else null. */
function ownHost(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[0-9.]+|localhost)(?::([0-9]{1,5}))?$/i.exec(header ?? '');
  if (match === null) return null;
  const host = (match[1] ?? '').toLowerCase();
  const port = match[2] === undefined ? null : Number(match[2]);
  if (port !== null && (port < 1 || port > 65_535)) return null;
  if (host !== 'localhost' && !ownAddresses().has(host.replace(/^\[(.*)\]$/, '$1'))) return null;
  return port === null ? host : `${host}:${port}`;
}

function ownAddresses(): Set<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set(addresses.map(({ address }) => plainAddress(address)));
}

/** Without the zone of a link-local address, and as IPv4 where it is only mapped into IPv6. */
function plainAddress(address: string): string {
  return address
    .toLowerCase()
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=[0-9.]+$)/, '');
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
