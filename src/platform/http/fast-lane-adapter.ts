import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';

import { errorAnswer, errorListAnswer } from './error-answer.js';
import { FastLane } from './fast-lane.js';
import { BadRequestError } from './http.errors.js';
import type { HttpsRedirect } from './https-redirect.js';
import { type PortAddress, SecurePort } from './secure-port.js';
import { sendAnswer, SNAP_STORE_VERSION } from './send-answer.js';

/** What a server bears with from its clients. Times in milliseconds. */
export interface ServerLimits {
  /** For a TLS handshake. */
  readonly handshakeMs: number;
  /** For the head of a request. */
  readonly headersMs: number;
  /** For a whole request with its body; answers may take longer. */
  readonly requestMs: number;
  /** How often the two are looked after. */
  readonly checkEveryMs: number;
  /** Without a byte in either direction: a client that does not read its download. */
  readonly silenceMs: number;
  /** Between two requests on a connection; above what reverse proxies keep theirs for, so that they are the ones to close it. */
  readonly keepAliveMs: number;
  readonly headerBytes: number;
  /** On each port. */
  readonly connections: number;
  /** How long answers that are being sent may go on when the server closes. */
  readonly farewellMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  handshakeMs: 10_000,
  headersMs: 20_000,
  requestMs: 120_000,
  checkEveryMs: 5_000,
  silenceMs: 120_000,
  keepAliveMs: 75_000,
  headerBytes: 16 * 1024,
  connections: 10_000,
  farewellMs: 10_000,
};

const LOOK_AGAIN_MS = 50;

/**
 * Nest's Express adapter with our own listener in front: the fast lane first, then Express. Its server has limits against
 * slow clients, and ends in order.
 */
export class FastLaneAdapter extends ExpressAdapter {
  readonly lane = new FastLane();
  /** Where HTTP leads; null while it is answered itself. */
  gate: HttpsRedirect | null = null;
  private secure: SecurePort | null = null;
  private closing: Promise<void> | null = null;

  constructor(private readonly limits: ServerLimits = SERVER_LIMITS) {
    super();
    this.disable('x-powered-by');
    this.disable('etag');
  }

  override initHttpServer(): void {
    const framework = this.getInstance<(request: unknown, response: unknown) => void>();
    const { headerBytes: maxHeaderSize, checkEveryMs: connectionsCheckingInterval } = this.limits;
    const options = { maxHeaderSize, connectionsCheckingInterval, noDelay: true };
    const server = createServer(options, (request, response) => {
      if (this.gate?.take(request, response) === true) return;
      if (this.lane.take(request, response)) return;
      response.setHeader('snap-store-version', SNAP_STORE_VERSION);
      framework(request, response);
    });
    server.headersTimeout = this.limits.headersMs;
    server.requestTimeout = this.limits.requestMs;
    server.keepAliveTimeout = this.limits.keepAliveMs;
    server.maxConnections = this.limits.connections;
    server.timeout = this.limits.silenceMs;
    this.httpServer = server;
  }

  /** A port for HTTPS beside the one for HTTP, with the same answers and the same limits; closed until it gets a certificate. */
  securePort(where: PortAddress, onMove: (address: PortAddress | null) => Promise<void> | void): SecurePort {
    this.secure ??= new SecurePort(this.httpServer, where, this.limits, onMove);
    return this.secure;
  }

  /** What nobody answers is answered in the store's own form: devices read errors in that, and in nothing else. */
  override setNotFoundHandler(): this {
    this.use((request: Request, response: Response) => {
      const what = `${request.method} ${request.path.slice(0, 200)}`;
      void sendAnswer(request, response, errorListAnswer(404, 'resource-not-found', `there is no ${what}`), ignore);
    });
    return this;
  }

  override setErrorHandler(): this {
    this.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
      void sendAnswer(request, response, errorAnswer(asRefusal(error)), ignore);
    });
    return this;
  }

  /** Takes no new connection, lets answers under way end for a while, then cuts what is left. */
  override close(): Promise<void> {
    this.closing ??= this.leave(this.httpServer);
    return this.closing;
  }

  private async leave(server: Server): Promise<void> {
    this.secure?.close();
    if (!server.listening) return;
    const over = new Promise<true>((resolve) => {
      server.close(() => {
        resolve(true);
      });
    });
    const deadline = Date.now() + this.limits.farewellMs;
    while (Date.now() < deadline) {
      server.closeIdleConnections();
      if (await Promise.race([over, sleep(LOOK_AGAIN_MS, false)])) return;
    }
    server.closeAllConnections();
    await over;
  }
}

/** Express says in `status` whose fault a failure was: a path that cannot be decoded is the client's. */
function asRefusal(error: unknown): unknown {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status < 500 ? new BadRequestError('this request cannot be read') : error;
}

function ignore(): void {
  // The client has gone; there is nobody to tell.
}
