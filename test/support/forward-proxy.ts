import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ForwardProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `CONNECT HOST:PORT`, in the order in which they came. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/**
 * An HTTP proxy that tunnels, and whose every way leads to one server on this machine.
 * @param credentials `user:password` that it wants; nobody's without them
 */
export async function startForwardProxy(to: string, credentials?: string): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer().listen(0, '127.0.0.1');
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    sockets.add(client.on('error', () => undefined));
    const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const upstream = connect(Number(new URL(to).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    sockets.add(upstream.on('error', () => undefined));
  });
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
