import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly status: number;
}

/** Answers a request itself, or leaves it to the store by returning false. */
export type Interception = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Stands between a device and a store: writes down who asked what, and can be told to answer or to break off instead. */
export class Front {
  readonly seen: SeenRequest[] = [];
  /** Asked before the store is. */
  intercept: Interception | null = null;
  private breakOff: { readonly afterBytes: number; readonly then: () => void } | null = null;

  private constructor(
    private readonly server: Server,
    private target: string,
  ) {}

  static async open(target: string): Promise<Front> {
    const server = createServer();
    const front = new Front(server, target);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      front.handle(incoming, outgoing);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on asks another store. */
  pointAt(target: string): void {
    this.target = target;
  }

  /**
   * The next answer that is longer ends in the middle: after so many bytes the device's connection is cut.
   * @returns once it is cut
   */
  cutNextAnswer(afterBytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.breakOff = { afterBytes, then: resolve };
    });
  }

  /** What was asked on paths that match, in order. */
  requestsFor(path: RegExp): SeenRequest[] {
    return this.seen.filter((request) => path.test(request.path));
  }

  /** The requests for a snap's bytes. */
  get downloads(): SeenRequest[] {
    return this.requestsFor(/\/download\//);
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    outgoing.once('finish', () => {
      this.seen.push({ method, path: url, headers, status: outgoing.statusCode });
    });
    if (this.intercept?.(incoming, outgoing) === true) return;
    const { hostname, port } = new URL(this.target);
    const inner = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      const { breakOff } = this;
      const length = Number(answer.headers['content-length'] ?? 0);
      if (breakOff === null || length <= breakOff.afterBytes) {
        answer.pipe(outgoing);
        return;
      }
      this.breakOff = null;
      let passed = 0;
      answer.on('data', (chunk: Buffer) => {
        const left = breakOff.afterBytes - passed;
        passed += chunk.length;
        if (left > chunk.length) {
          outgoing.write(chunk);
        } else if (left > 0) {
          this.seen.push({ method, path: url, headers, status: outgoing.statusCode });
          // What was written reaches the device before its connection ends.
          outgoing.write(chunk.subarray(0, left), () => {
            outgoing.destroy();
            inner.destroy();
            breakOff.then();
          });
        }
      });
    });
    inner.on('error', () => {
      outgoing.destroy();
    });
    incoming.pipe(inner);
  }
}
