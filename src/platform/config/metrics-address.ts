import { isIP } from 'node:net';

/** The port that Prometheus reserves for programs that tell of themselves. */
export const DEFAULT_METRICS_LISTEN = '127.0.0.1:9464';

export type MetricsAddress = 'off' | 'same' | { readonly host: string; readonly port: number };

/** What `proxy.metrics.listen` says; null where it says nothing that can be listened on. */
export function parseMetricsAddress(text: string): MetricsAddress | null {
  if (text === '' || text === 'off') return 'off';
  if (text === 'same') return 'same';
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const isAddress = bracketed === undefined ? isIP(host) === 4 : isIP(host) === 6;
  if (!isAddress || port < 1 || port > 65_535) return null;
  return { host, port };
}
