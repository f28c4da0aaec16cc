import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';

import { isLoopbackHost } from '../../kernel/loopback.js';
import { parseConnectionUri } from '../database/connection.js';

const HOST_NAME =
  /^(?=.{1,253}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
export const MAX_PEM_CHARACTERS = 256 * 1024;
export const SIGNER_ID = /^[A-Za-z0-9_-]{20,100}$/;

export const isHost = (value: string): boolean =>
  HOST_NAME.test(value) || isIP(value.replace(/^\[(.*)\]$/, '$1')) !== 0;
export const isBoolean = (value: string): boolean => value === 'true' || value === 'false';
export const isNumberUpTo = (value: string, largest: number): boolean =>
  /^[0-9]{1,10}$/.test(value) && Number(value) >= 1 && Number(value) <= largest;
export const isPort = (value: string): boolean =>
  /^[0-9]{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535;

/** RFC 1918, RFC 4193, and link-local addresses: what is in use inside a closed network. */
export const PRIVATE_NETWORKS = '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10';

export function isNetwork(value: string): boolean {
  const [address = '', bits, more] = value.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined || address.includes('%')) return false;
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

export function isWebUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '';
}

/** What is sent there is secret: in clear only where it never leaves the machine. */
export function isSecureUrl(value: string): boolean {
  return isWebUrl(value) && (value.startsWith('https:') || isLoopbackHost(new URL(value).hostname));
}

export function isProxyUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && /^\/?$/.test(new URL(value).pathname);
}

export function redactUserInfo(value: string): string {
  return value.replace(/^([a-z]+:\/\/[^:@/]*):[^@]*@/i, '$1:<redacted>@');
}

export function isDatabaseUri(value: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(value)) return false;
  try {
    parseConnectionUri(value);
    return true;
  } catch {
    return false;
  }
}

/** Hides the password in both places where libpq takes one from; hides too much rather than too little where letters are unusual. */
export function redactDatabaseUri(value: string): string {
  return value
    .replace(/^([a-z]+:\/\/[^:@/?]*):.*@/s, '$1:<redacted>@')
    .replace(/([?&](?:ssl)?password=)[^&]*/g, '$1<redacted>');
}

export function isCertificateText(value: string): boolean {
  return value.length <= MAX_PEM_CHARACTERS && /^-----BEGIN CERTIFICATE-----$/m.test(value);
}

/** A list of settings has a line for each; the raw value shows all of it. */
export function summarizeCertificates(value: string): string {
  const count = value.match(/^-----BEGIN CERTIFICATE-----$/gm)?.length ?? 0;
  return `<${count} certificate${count === 1 ? '' : 's'}>`;
}

export function isReadableFileList(value: string): boolean {
  return value.split(',').every((path) => isAbsolute(path) && isReadable(path));
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path, { flag: 'r' });
    return true;
  } catch {
    return false;
  }
}
