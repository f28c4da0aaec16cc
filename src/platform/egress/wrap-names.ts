import dns from 'node:dns';
import { isIP } from 'node:net';

import { isLocalhost } from './destinations.js';
import type { EgressGuard } from './egress-guard.js';
import { failCall, wrap } from './wrap.js';

interface Found {
  readonly address: string;
  readonly family: number;
}

interface LookupOptions {
  readonly all?: boolean;
  readonly family?: number | string;
}

const LOCALHOST: readonly Found[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * Names are asked for on the network. The names of permitted servers go through `lookup`, which all of Node.js's clients
 * use; nothing here needs c-ares (`resolve…`, `reverse`), which asks other servers in other ways, so that is closed.
 */
export function wrapNames(guard: EgressGuard): void {
  wrap(
    dns,
    'lookup',
    (original) =>
      function lookup(this: unknown, ...args: unknown[]) {
        const [name, given] = args;
        const callback = args.at(-1);
        if (!guard.isArmed || !isName(name) || typeof callback !== 'function')
          return Reflect.apply(original, this, args);
        const error = guard.lookup(name);
        if (error !== null) return failCall(args, error);
        const answer = callback as (error: Error | null, found: string | Found[], family?: number) => void;
        const options = optionsOf(given);
        if (isLocalhost(name)) {
          const found = ofFamily(LOCALHOST, options);
          if (options.all === true) process.nextTick(answer, null, found);
          else process.nextTick(answer, null, found[0]?.address ?? '', found[0]?.family);
          return {};
        }
        const learning: typeof answer = (failure, found, family) => {
          if (failure === null) guard.resolved(name, addressesOf(found));
          answer(failure, found, family);
        };
        return Reflect.apply(original, this, [...args.slice(0, -1), learning]);
      },
  );
  wrap(
    dns.promises,
    'lookup',
    (original) =>
      async function lookup(this: unknown, ...args: unknown[]) {
        const [name, given] = args;
        if (!guard.isArmed || !isName(name)) return Reflect.apply(original, this, args);
        const error = guard.lookup(name);
        if (error !== null) throw error;
        const options = optionsOf(given);
        if (isLocalhost(name)) {
          const found = ofFamily(LOCALHOST, options);
          return options.all === true ? found : found[0];
        }
        const found = (await Reflect.apply(original, this, args)) as Found | Found[];
        guard.resolved(name, addressesOf(Array.isArray(found) ? found : [found]));
        return found;
      },
  );
  for (const holder of [dns, dns.Resolver.prototype]) closeResolver(guard, holder, failCall);
  for (const holder of [dns.promises, dns.promises.Resolver.prototype])
    closeResolver(guard, holder, (_, error) => Promise.reject(error));
}

function closeResolver(
  guard: EgressGuard,
  holder: object,
  fail: (args: readonly unknown[], error: Error) => unknown,
): void {
  const names = new Set(['lookupService', ...Object.keys(dns), ...Object.getOwnPropertyNames(dns.Resolver.prototype)]);
  for (const name of names) {
    if (!/^(?:resolve|reverse$|lookupService$)/.test(name)) continue;
    wrap(
      holder,
      name,
      (original) =>
        function resolve(this: unknown, ...args: unknown[]) {
          const error = guard.never('lookup', String(args[0]));
          return error === null ? Reflect.apply(original, this, args) : fail(args, error);
        },
    );
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isIP(value) === 0;
}

function optionsOf(given: unknown): LookupOptions {
  if (typeof given === 'number') return { family: given };
  return typeof given === 'object' && given !== null ? given : {};
}

function ofFamily(found: readonly Found[], { family }: LookupOptions): Found[] {
  const wanted = Number(String(family ?? 0).replace('IPv', ''));
  return found.filter((one) => wanted === 0 || one.family === wanted);
}

function addressesOf(found: string | readonly Found[]): string[] {
  return typeof found === 'string' ? [found] : found.map(({ address }) => address);
}
