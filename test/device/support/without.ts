import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';

/** What a store lacks, so that the test that is to show it can be seen to fail. */
export interface Lack {
  /** Requests, as `METHOD /path?query`, that nobody answers. */
  readonly requests: readonly RegExp[];
  /** Fields that the store does not read in the JSON of a request. */
  readonly read: ReadonlySet<string>;
  /** Fields that it does not write in the JSON of an answer. */
  readonly written: ReadonlySet<string>;
  /** Headers of requests that it does not heed, in lower case. */
  readonly headers: ReadonlySet<string>;
}

/**
 * Reads what is to be lacking, with spaces between: `request:PATTERN` (`_` for a space), `read:FIELD`, `written:FIELD`, `header:NAME`.
 * @throws Error where it is none of them
 */
export function parseLack(text: string): Lack {
  const parts = text.split(' ').map((part) => {
    const [, kind, value] = /^(request|read|written|header):(.+)$/.exec(part) ?? [];
    if (kind === undefined || value === undefined) throw new Error(`"${part}" says of nothing that it is lacking`);
    return { kind, value };
  });
  const of = (kind: string): string[] => parts.flatMap((part) => (part.kind === kind ? [part.value] : []));
  return {
    requests: of('request').map((pattern) => new RegExp(`^${pattern.replaceAll('_', ' ')}`)),
    read: new Set(of('read')),
    written: new Set(of('written')),
    headers: new Set(of('header').map((name) => name.toLowerCase())),
  };
}

/** A value without some of its fields, however deep they are. */
export function withoutFields(value: unknown, fields: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutFields(each, fields));
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([name]) => !fields.has(name));
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutFields(each, fields)]));
}

/** Stands where a store is, and answers as one would that lacks something. */
export class LackingStore {
  private constructor(private readonly server: Server) {}

  /** @param port where it listens @param storePort where the store is that lacks nothing */
  static async open(port: number, storePort: number, lack: Lack): Promise<LackingStore> {
    const server = createServer((incoming, outgoing) => {
      pass(incoming, outgoing, storePort, lack).catch(() => outgoing.destroy());
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new LackingStore(server);
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, port: number, lack: Lack): Promise<void> {
  const { method = 'GET', url = '/' } = incoming;
  if (lack.requests.some((pattern) => pattern.test(`${method} ${url}`))) {
    incoming.resume();
    const body = JSON.stringify({ 'error-list': [{ code: 'resource-not-found', message: 'this is lacking' }] });
    outgoing.writeHead(404, {
      'content-type': 'application/json',
      'snap-store-version': '69',
      'content-length': body.length,
    });
    outgoing.end(method === 'HEAD' ? '' : body);
    return;
  }
  const body = changed(await buffer(incoming), lack.read);
  const headers: IncomingHttpHeaders = Object.fromEntries(
    Object.entries(incoming.headers).filter(([name]) => !lack.headers.has(name)),
  );
  delete headers['transfer-encoding'];
  if (body.length > 0 || method === 'POST') headers['content-length'] = String(body.length);
  // So that answers can be read.
  if (lack.written.size > 0) delete headers['accept-encoding'];
  const inner = request({ host: '127.0.0.1', port, method, path: url, headers });
  inner.end(body);
  const [answer] = (await once(inner, 'response')) as [IncomingMessage];
  if (lack.written.size === 0 || answer.headers['content-type']?.includes('json') !== true || method === 'HEAD') {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
    return;
  }
  const told = changed(await buffer(answer), lack.written);
  outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': told.length });
  outgoing.end(told);
}

/** What is no JSON stays as it is. */
function changed(body: Buffer, fields: ReadonlySet<string>): Buffer {
  if (fields.size === 0) return body;
  try {
    return Buffer.from(JSON.stringify(withoutFields(JSON.parse(body.toString()), fields)));
  } catch {
    return body;
  }
}
