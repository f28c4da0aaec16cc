import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { Settings } from '../config/settings.js';

/** Settings and addresses change seldom and are dear to ask for; a change is seen within this time. */
const REMEMBERED_MS = 1_000;
const MAX_REMEMBERED = 200;

/**
 * What absolute URLs in answers start with, without a slash at the end: `proxy.public-url`, else scheme, `proxy.domain` and
 * port. While there is neither, the `Host` header is followed as long as it names one of this machine's own addresses, and
 * otherwise the address that the connection came in on: a client must not be able to make the store point elsewhere.
 */
@Injectable()
export class BaseUrl {
  private readonly remembered = new LRUCache<string, string>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS });

  constructor(private readonly settings: Settings) {}

  /** @param mount the path under which a host application has mounted the store; empty for the store itself */
  of(request: IncomingMessage, mount = ''): string {
    const { host, 'x-forwarded-proto': forwarded } = request.headers;
    const { localAddress, localPort } = request.socket;
    const key = `${host}|${String(forwarded)}|${localAddress}|${localPort}|${mount}`;
    const known = this.remembered.get(key);
    if (known !== undefined) return known;
    const url = this.resolve(request, mount);
    if (key.length < 1024) this.remembered.set(key, url);
    return url;
  }

  private resolve(request: IncomingMessage, mount: string): string {
    const publicUrl = this.settings.get('proxy.public-url');
    if (publicUrl !== null) return publicUrl.replace(/\/+$/, '');
    const { localAddress = '127.0.0.1', localPort = 80 } = request.socket;
    const behindTls =
      this.settings.flag('proxy.trust-forwarded-proto') && request.headers['x-forwarded-proto'] === 'https';
    const scheme = 'encrypted' in request.socket || behindTls ? 'https' : 'http';
    const domain = this.settings.get('proxy.domain');
    if (domain !== null) {
      // Whoever ends TLS in front of the store does so on the port that https has by default.
      return `${scheme}://${bracketed(domain)}${portSuffix(scheme, behindTls ? 443 : localPort)}${mount}`;
    }
    const named = ownHost(request.headers.host);
    if (named !== null) return `${scheme}://${named}${mount}`;
    return `${scheme}://${bracketed(plainAddress(localAddress))}${portSuffix(scheme, localPort)}${mount}`;
  }
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

function portSuffix(scheme: string, port: number): string {
  return port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`;
}
