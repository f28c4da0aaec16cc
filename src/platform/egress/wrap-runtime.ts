import type { EgressGuard } from './egress-guard.js';
import { wrap } from './wrap.js';

/** What lies below the modules that are wrapped. */
const RAW = /^(?:tcp_wrap|udp_wrap|cares_wrap|process_wrap|spawn_sync|tls_wrap|js_stream)$/;

/** `fetch`, refused before it has begun, so that the one who asked is known; and the bindings under everything else. */
export function wrapRuntime(guard: EgressGuard): void {
  wrap(
    globalThis,
    'fetch',
    (original) =>
      function guardedFetch(this: unknown, ...args: unknown[]) {
        const url = guard.isArmed ? urlOf(args[0]) : null;
        const error =
          url === null ? null : guard.connection(url.hostname.replace(/^\[(.*)\]$/, '$1'), portOf(url), 'request');
        return error === null ? Reflect.apply(original, this, args) : Promise.reject(error);
      },
  );
  wrap(
    process,
    'binding',
    (original) =>
      function binding(this: unknown, ...args: unknown[]) {
        const name = String(args[0]);
        const error = RAW.test(name) ? guard.never('binding', name) : null;
        if (error !== null) throw error;
        return Reflect.apply(original, this, args);
      },
  );
}

/** Null for what does not go to the network, or is no URL at all: fetch says so itself. */
function urlOf(input: unknown): URL | null {
  const text = typeof input === 'object' && input !== null && 'url' in input ? String(input.url) : String(input);
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) ? url : null;
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}
