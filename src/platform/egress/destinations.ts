import { isIP, SocketAddress } from 'node:net';
import { networkInterfaces } from 'node:os';

/** A server inside the closed network, as the operator configured it. */
export interface Destination {
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  /** Null: any. */
  readonly port: number | null;
}

/** Far more than one name stands for; what is older is forgotten. */
const MAX_ADDRESSES_OF_A_NAME = 256;

/** Where a process may connect to: this machine, the servers that were permitted, and the addresses that their names stood for. */
export class AllowedDestinations {
  private readonly permitted = new Map<string, readonly Destination[]>();
  /** By name, canonical addresses, oldest first. */
  private readonly addresses = new Map<string, Set<string>>();

  /** @param purpose what they are for; permitting something else for it takes the former ones back */
  permit(purpose: string, destinations: readonly Destination[]): void {
    this.permitted.set(
      purpose,
      destinations.map(({ host, port }) => ({ host: canonicalHost(host), port })),
    );
    const names = new Set(this.all().map(({ host }) => host));
    for (const name of this.addresses.keys()) if (!names.has(name)) this.addresses.delete(name);
  }

  permitsName(name: string): boolean {
    const host = canonicalHost(name);
    return isLocalhost(host) || this.all().some((destination) => destination.host === host);
  }

  /** @param host a name or an address; a port of null stands for all of them */
  permits(host: string, port: number | null): boolean {
    const canonical = canonicalHost(host);
    if (isIP(canonical) === 0 ? isLocalhost(canonical) : isThisMachine(canonical)) return true;
    return this.all().some(
      (destination) =>
        (destination.port === null || destination.port === port) &&
        (destination.host === canonical || this.addresses.get(destination.host)?.has(canonical) === true),
    );
  }

  /** Notes what the resolver said of a permitted name. */
  learn(name: string, addresses: readonly string[]): void {
    const host = canonicalHost(name);
    const known = this.addresses.get(host) ?? new Set();
    for (const address of addresses.map(canonicalHost)) {
      known.delete(address);
      known.add(address);
    }
    for (const oldest of known) {
      if (known.size <= MAX_ADDRESSES_OF_A_NAME) break;
      known.delete(oldest);
    }
    this.addresses.set(host, known);
  }

  private all(): Destination[] {
    return [...this.permitted.values()].flat();
  }
}

export function isLocalhost(name: string): boolean {
  const host = canonicalHost(name);
  return host === 'localhost' || host.endsWith('.localhost');
}

/** Names in lower case without the root's dot; addresses in the one way that the system writes them, IPv4 as IPv4. */
export function canonicalHost(host: string): string {
  const bare = host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '')
    .toLowerCase();
  if (isIP(bare) !== 6) return bare.replace(/\.$/, '');
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  return mapped?.[1] ?? address;
}

/** What is sent there stays here: loopback, "all addresses", and the addresses of our own interfaces. */
function isThisMachine(address: string): boolean {
  if (address.startsWith('127.') || ['::1', '::', '0.0.0.0'].includes(address)) return true;
  return Object.values(networkInterfaces()).some((list) =>
    (list ?? []).some((own) => canonicalHost(own.address) === address),
  );
}
