import type { Dispatcher } from 'undici';

import { isLoopbackHost } from '../../../kernel/loopback.js';
import { StoreError } from '../../../kernel/store-error.js';
import { Connections } from './connections.js';
import { unreachable } from './failure.js';
import { UpstreamAnswerError, UpstreamInsecureError, UpstreamUnreachableError } from './http.errors.js';
import { receive } from './receive.js';

export interface HttpClientOptions {
  /** `http://user:password@host:port`; null where there is none. Loopback is never asked through it. */
  readonly proxy: string | null;
  /** Throws where this store must not call anybody; asked before every request. */
  readonly mayCallOut: () => void | Promise<void>;
  readonly userAgent: string;
  readonly limits?: Partial<HttpLimits>;
  /** For many requests to one server. */
  readonly reusesConnections?: boolean;
}

export interface HttpLimits {
  readonly connectMs: number;
  /** For a whole request with its answer; in a stream, for the longest silence. */
  readonly answerMs: number;
  readonly answerBytes: number;
  /** What a stream has to bring on average over `paceMs` of waiting for it. */
  readonly leastBytesPerSecond: number;
  readonly paceMs: number;
}

const LIMITS: HttpLimits = {
  connectMs: 10_000,
  answerMs: 30_000,
  answerBytes: 1024 * 1024,
  leastBytesPerSecond: 1024,
  paceMs: 60_000,
};
const MAX_REDIRECTS = 5;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that are not sent along a redirect to another server. */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface JsonRequest extends Omit<HttpRequest, 'body'> {
  readonly body?: unknown;
}

export interface JsonAnswer {
  readonly status: number;
  readonly json: unknown;
}

export interface HttpHead {
  readonly status: number;
  /** By lower-case name; null where the answer has none. */
  header(name: string): string | null;
}

export interface HttpAnswer extends HttpHead {
  readonly bytes: Buffer;
}

export interface HttpStream extends HttpHead {
  /** Each in memory of its own. Throws where the connection ends too early or gets too slow. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Has to be called where `bytes` are not iterated. */
  discard(): void;
}

/**
 * Asks servers on the internet. HTTPS, with the machine's certificates, or plain HTTP on loopback; nothing is remembered between
 * requests, and time and size of an answer are bounded. The one place that opens connections outwards.
 */
export class HttpClient {
  private readonly limits: HttpLimits;
  private readonly connections: Connections;

  constructor(private readonly options: HttpClientOptions) {
    this.limits = { ...LIMITS, ...options.limits };
    const { connectMs, answerMs: silenceMs } = this.limits;
    const { proxy, reusesConnections: areReused = false } = options;
    this.connections = new Connections({ proxy, areReused, connectMs, silenceMs });
  }

  /**
   * No redirect is followed.
   * @returns any answer that is JSON, whatever its status
   * @throws what `whole` throws
   */
  async json({ body, headers, ...request }: JsonRequest): Promise<JsonAnswer> {
    const where = placeOf(new URL(request.url));
    const answer = await this.whole({
      ...request,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const type = contentTypeOf(answer);
    if (type !== 'application/json') {
      throw new UpstreamAnswerError(where, `answers ${answer.status} with ${type.slice(0, 60)} instead of JSON`);
    }
    return { status: answer.status, json: parseJson(answer.bytes, where) };
  }

  /**
   * Any answer but a redirect, which is not followed.
   * @throws UpstreamInsecureError, UpstreamUnreachableError, UpstreamAnswerError, the signal's reason, what `mayCallOut` throws
   */
  async whole(request: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(request.url);
    const deadline = AbortSignal.timeout(this.limits.answerMs);
    const signal = AbortSignal.any([request.signal, deadline]);
    try {
      const answer = await this.send({ ...request, signal }, url);
      const head = headOf(answer);
      if (isRedirect(head.status)) {
        answer.body.destroy();
        throw new UpstreamAnswerError(placeOf(url), `sends elsewhere (status ${head.status}), which is not followed`);
      }
      return { ...head, bytes: await this.read(answer.body, placeOf(url)) };
    } catch (error) {
      throw this.explained(error, url.origin, { ...request, deadline });
    }
  }

  /**
   * Begins to receive an answer of any size. Redirects are followed where `mayFollow` says so, and never from https to http.
   * @throws as `whole`; so does iterating
   */
  async stream(request: HttpRequest, mayFollow: (to: URL) => boolean): Promise<HttpStream> {
    const first = new URL(request.url);
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.begin(request, url, url.origin === first.origin);
      const head = headOf(answer);
      if (!isRedirect(head.status)) {
        const bytes = this.bytesOf(answer.body, url.origin, request.signal);
        const drop = () => {
          answer.body.destroy();
        };
        return { ...head, bytes, discard: drop };
      }
      answer.body.destroy();
      const to = targetOf(head, url);
      if (to === null || !mayFollow(to) || (url.protocol === 'https:' && to.protocol !== 'https:')) {
        const place = to === null ? 'no place at all' : placeOf(to);
        throw new UpstreamAnswerError(placeOf(first), `sends elsewhere (${place}), which is not followed`);
      }
      if (redirects === MAX_REDIRECTS) {
        throw new UpstreamAnswerError(placeOf(first), `sends elsewhere more than ${MAX_REDIRECTS} times`);
      }
      url = to;
    }
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private async begin(request: HttpRequest, url: URL, isTrusted: boolean): Promise<Dispatcher.ResponseData> {
    try {
      return await this.send(isTrusted ? request : { ...request, credentials: {} }, url);
    } catch (error) {
      throw this.explained(error, url.origin, request);
    }
  }

  private async *bytesOf(
    body: Dispatcher.ResponseData['body'],
    origin: string,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      yield* receive(body, origin, this.limits);
    } catch (error) {
      throw this.explained(error, origin, { signal });
    }
  }

  private async send(
    { method, headers = {}, credentials = {}, body, signal }: HttpRequest,
    url: URL,
  ): Promise<Dispatcher.ResponseData> {
    const isLocal = isLoopbackHost(url.hostname);
    if (url.protocol !== 'https:' && !(isLocal && url.protocol === 'http:'))
      throw new UpstreamInsecureError(url.origin);
    await this.options.mayCallOut();
    const answer = await this.connections.to(isLocal).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'user-agent': this.options.userAgent, ...headers, ...credentials },
      body: body ?? null,
      signal,
    });
    // A body that is given up says so by an error, which has to be heard where nobody iterates it.
    answer.body.on('error', () => undefined);
    return answer;
  }

  private async read(body: AsyncIterable<Buffer>, where: string): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    for await (const piece of body) {
      sizeBytes += piece.length;
      if (sizeBytes > this.limits.answerBytes) {
        throw new UpstreamAnswerError(where, `answers with more than ${this.limits.answerBytes} bytes`);
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** What to throw instead: our own errors, those of `mayCallOut` and the caller's reason stay as they are. */
  private explained(
    error: unknown,
    origin: string,
    { signal, deadline }: { readonly signal: AbortSignal; readonly deadline?: AbortSignal },
  ): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof StoreError) return error;
    if (deadline?.aborted === true) {
      const why = `it did not answer within ${this.limits.answerMs / 1000} seconds`;
      return new UpstreamUnreachableError(origin, why, { retry: { afterMs: null } });
    }
    return unreachable(origin, error);
  }
}

export function contentTypeOf(head: HttpHead): string {
  const [type = ''] = (head.header('content-type') ?? 'nothing').split(';');
  return type.trim().toLowerCase();
}

/** @throws UpstreamAnswerError */
export function parseJson(bytes: Buffer, where: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new UpstreamAnswerError(where, 'answers with something that claims to be JSON and is not', { cause: error });
  }
}

/** A URL as messages show it: what follows the path may be secret. */
export function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function headOf({ statusCode, headers }: Dispatcher.ResponseData): HttpHead {
  const header = (name: string) => {
    const value = headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  };
  return { status: statusCode, header };
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

function targetOf(head: HttpHead, from: URL): URL | null {
  const location = head.header('location');
  if (location === null || !URL.canParse(location, from.href)) return null;
  return new URL(location, from);
}
