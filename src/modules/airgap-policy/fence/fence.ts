import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

import type { Destination } from '../../../platform/egress/index.js';

/** What a kernel's fence round the service lets through. */
export interface Fence {
  /** Addresses and networks in CIDR notation, sorted. */
  readonly allowed: readonly string[];
  /** Servers whose names nobody could resolve: the fence would keep the store from them. */
  readonly unresolved: readonly string[];
}

/**
 * The networks of devices and the addresses of the configured servers; where one of these has a name, also the resolvers of
 * this machine.
 */
export async function fenceOf(
  deviceNetworks: readonly string[],
  servers: readonly Destination[],
  resolversFile = '/etc/resolv.conf',
): Promise<Fence> {
  const allowed = new Set(deviceNetworks);
  const unresolved: string[] = [];
  const names = servers.map(({ host }) => host).filter((host) => isIP(host) === 0);
  for (const { host } of servers) if (isIP(host) !== 0) allowed.add(host);
  for (const name of names) {
    const found = await lookup(name, { all: true }).catch(() => []);
    for (const { address } of found) allowed.add(address);
    if (found.length === 0) unresolved.push(name);
  }
  if (names.length > 0) for (const address of await resolvers(resolversFile)) allowed.add(address);
  return { allowed: [...allowed].sort(), unresolved };
}

/**
 * The drop-in for the store's systemd unit. IPAddressDeny filters what comes in as well as what goes out, so the networks of
 * devices have to be in it (systemd.resource-control(5)).
 */
export function fenceText({ allowed }: Fence): string {
  return [
    '# Written by "snap-store-proxy enable-airgap-mode"; "disable-airgap-mode" empties it.',
    '# The kernel drops every packet of the store that is not for or from one of these.',
    '[Service]',
    'IPAddressDeny=any',
    'IPAddressAllow=localhost',
    ...allowed.map((network) => `IPAddressAllow=${network}`),
    '',
  ].join('\n');
}

/** What is left of it when the mode has been turned off. */
export const NO_FENCE = '# The store is not in air-gapped mode.\n';

async function resolvers(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const address = /^\s*nameserver\s+([^\s%]+)/.exec(line)?.[1];
    return address !== undefined && isIP(address) !== 0 ? [address] : [];
  });
}
