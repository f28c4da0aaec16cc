import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';

import { InTurn } from '../../kernel/in-turn.js';
import { messageOf } from '../../kernel/store-error.js';
import { SettingsService } from '../../platform/config/settings.service.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { MetricsAccess } from './metrics-access.js';
import { MetricsSource } from './metrics-source.js';

const LIMITS = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 75_000, maxConnections: 32 };

interface Listening {
  readonly server: Server;
  readonly where: string;
}

/**
 * Answers `GET /metrics` on a port of its own, which moves as `proxy.metrics.listen` does. That it cannot be had does not keep the
 * store from serving.
 */
@Injectable()
export class MetricsListener implements BeforeApplicationShutdown {
  private readonly log: Logger;
  private readonly moves = new InTurn();
  private listening: Listening | null = null;
  private isClosed = false;

  constructor(
    private readonly source: MetricsSource,
    private readonly access: MetricsAccess,
    private readonly settings: SettingsService,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('metrics');
  }

  /** Listens where the setting says, now and whenever it changes. */
  async start(): Promise<void> {
    this.settings.onChange(() => void this.move());
    await this.move();
  }

  beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    return this.moves.run(() => this.leave());
  }

  private move(): Promise<void> {
    return this.moves.run(async () => {
      const { address } = this.access;
      const where = typeof address === 'string' ? null : `${address.host} port ${address.port}`;
      if (where === (this.listening?.where ?? null) || this.isClosed) return;
      await this.leave();
      if (typeof address === 'string' || where === null) return;
      try {
        this.listening = { server: await this.listen(address.host, address.port), where };
      } catch (error) {
        this.log.warn(
          { where, reason: messageOf(error) },
          'metrics are not to be had: proxy.metrics.listen says where',
        );
      }
    });
  }

  private listen(host: string, port: number): Promise<Server> {
    const server = createServer(
      { maxHeaderSize: 8 * 1024 },
      (request, response) => void this.answer(request, response),
    );
    Object.assign(server, LIMITS);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve(server);
      });
    });
  }

  private async leave(): Promise<void> {
    const { listening } = this;
    this.listening = null;
    if (listening === null) return;
    const closed = new Promise((resolve) => listening.server.close(resolve));
    listening.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (request.url ?? '').split('?');
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (path !== '/metrics' || !isRead) {
      send(response, isRead ? 404 : 405, 'text/plain', 'GET /metrics is all there is here\n');
      return;
    }
    try {
      if (await this.access.mayRead(request.headers.authorization)) {
        send(response, 200, this.source.contentType, await this.source.text());
      } else {
        response.setHeader('www-authenticate', 'Bearer');
        send(response, 401, 'text/plain', 'the metrics want the token that proxy.metrics.token is\n');
      }
    } catch (error) {
      this.log.error({ reason: messageOf(error) }, 'the metrics cannot be told');
      send(response, 500, 'text/plain', 'the metrics cannot be told now; the log of the store says why\n');
    }
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
