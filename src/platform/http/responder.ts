import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import { LoggerFactory, type Logger } from '../logging/logger.js';
import { type Answer, isStreamed } from './answer.js';
import { BaseUrl } from './base-url.js';
import { DeviceRequest, type DeviceRoute } from './device-route.js';
import { describeError, errorAnswer, errorListAnswer } from './error-answer.js';
import { RequestTally } from './request-tally.js';
import { sendAnswer } from './send-answer.js';

/** Where in a URL a route begins and ends. */
export interface RouteMatch {
  readonly route: DeviceRoute;
  /** The path under which a host application has mounted the store; empty for the store itself. */
  readonly mount: string;
  readonly rest: string;
  readonly query: string;
}

/** Asks a route for its answer and sends it; whatever goes wrong becomes an answer too. Never rejects. */
@Injectable()
export class Responder {
  private readonly log: Logger;

  constructor(
    private readonly baseUrls: BaseUrl,
    private readonly tally: RequestTally,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('http');
  }

  /** For a listener that knows the whole URL, but not how it was matched. */
  respondWith(
    request: IncomingMessage & { originalUrl?: string },
    response: ServerResponse,
    route: DeviceRoute,
  ): void | Promise<void> {
    // Which framework a host is built on is nobody's business.
    response.removeHeader('x-powered-by');
    const url = request.originalUrl ?? request.url ?? '';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const query = mark === -1 ? '' : url.slice(mark + 1);
    const start = route.path === '' ? path.length - (path.endsWith('/') ? 1 : 0) : path.indexOf(`/${route.path}`);
    if (start === -1) {
      const what = `${request.method ?? ''} ${path.slice(0, 200)}`;
      return sendAnswer(request, response, errorListAnswer(404, 'resource-not-found', `there is no ${what}`), ignore);
    }
    const rest = path.slice(start + 1 + route.path.length);
    return this.respond(request, response, { route, mount: path.slice(0, start), rest, query });
  }

  /** Without a turn of the event loop where the answer is ready: waiting for a promise costs more than finding one. */
  respond(request: IncomingMessage, response: ServerResponse, match: RouteMatch): void | Promise<void> {
    const { route, mount, rest, query } = match;
    const asked = new DeviceRequest(request, rest, query, this.baseUrls, mount);
    let answer: Answer | Promise<Answer>;
    try {
      answer = route.answer(asked);
    } catch (error) {
      answer = this.failure(request, error);
    }
    if (!(answer instanceof Promise)) return this.send(request, response, answer, route);
    return answer.then(
      (ready) => this.send(request, response, ready, route),
      (error: unknown) => this.send(request, response, this.failure(request, error), route),
    );
  }

  private send(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    route: DeviceRoute,
  ): void | Promise<void> {
    this.tally.count(route, answer.status);
    // A body that was not read to its end would be taken for the next request.
    if (!request.complete && request.method === 'POST') response.shouldKeepAlive = false;
    const fail = (error: unknown): void => {
      this.report(request, error);
    };
    const cut = (error: unknown): void => {
      fail(error);
      response.destroy();
    };
    try {
      const sending = sendAnswer(request, response, answer, fail)?.catch(cut);
      return isStreamed(answer.body) ? this.countSent(request, sending) : sending;
    } catch (error) {
      cut(error);
    }
  }

  /** What has left by the connection meanwhile is what was sent: there is one answer at a time on it. */
  private async countSent({ socket }: IncomingMessage, sending: Promise<void> | void): Promise<void> {
    const before = socket.bytesWritten;
    await sending;
    this.tally.countStreamed(socket.bytesWritten - before);
  }

  private failure(request: IncomingMessage, error: unknown): Answer {
    this.report(request, error);
    return errorAnswer(error);
  }

  /** Only what the store failed at: that a client asked for something odd is nothing for the log. */
  private report(request: IncomingMessage, error: unknown): void {
    if (describeError(error).status < 500) return;
    const { method = '', url = '' } = request;
    this.log.error({ method, url: url.slice(0, 300), reason: messageOf(error) }, 'a request could not be answered');
  }
}

function ignore(): void {
  // Only a streamed body can fail.
}
