import { Agent, type Dispatcher, ProxyAgent } from 'undici';

import { isLoopbackHost } from '../../../kernel/loopback.js';
import { UpstreamAnswerError, UpstreamInsecureError, UpstreamUnreachableError } from './http.errors.js';
import { trustedCertificates } from './trusted-certificates.js';

export interface HttpClientOptions {
  /** `http://user:password@host:port`; null where there is none. Loopback is never asked through it. */
  readonly proxy: string | null;
  /** Throws where this store must not call anybody; asked before every request. */
  readonly mayCallOut: () => void | Promise<void>;
  readonly userAgent: string;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  readonly connectMs: number;
  /** For a whole request with its answer. */
  readonly answerMs: number;
  readonly answerBytes: number;
}

const LIMITS: HttpLimits = { connectMs: 10_000, answerMs: 30_000, answerBytes: 1024 * 1024 };

export interface JsonRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export interface JsonAnswer {
  readonly status: number;
  readonly json: unknown;
}

/**
 * Asks servers on the internet for JSON. HTTPS, with the machine's certificates, or plain HTTP on loopback; no redirect is followed,
 * nothing is remembered between requests, and time and size of an answer are bounded. The one place that opens connections outwards.
 */
export class HttpClient {
  private readonly limits: HttpLimits;
  private direct: Agent | null = null;
  private proxied: Dispatcher | null = null;

  constructor(private readonly options: HttpClientOptions) {
    this.limits = { ...LIMITS, ...options.limits };
  }

  /**
   * @returns any answer that is JSON, whatever its status
   * @throws UpstreamInsecureError, UpstreamUnreachableError, UpstreamAnswerError, the signal's reason, what `mayCallOut` throws
   */
  async json(request: JsonRequest): Promise<JsonAnswer> {
    const url = new URL(request.url);
    const where = `${url.origin}${url.pathname}`;
    const isLocal = isLoopbackHost(url.hostname);
    if (url.protocol !== 'https:' && !isLocal) throw new UpstreamInsecureError(url.origin);
    await this.options.mayCallOut();
    const deadline = AbortSignal.timeout(this.limits.answerMs);
    const signal = AbortSignal.any([request.signal, deadline]);
    try {
      return await this.ask(request, where, isLocal ? this.directly() : this.dispatcher(), signal);
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof UpstreamAnswerError) throw error;
      if (deadline.aborted) throw this.late(url.origin);
      throw new UpstreamUnreachableError(url.origin, reasonOf(error), { cause: error });
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.direct?.destroy(), this.proxied?.destroy()]);
  }

  private async ask(
    { url, method, headers = {}, body }: JsonRequest,
    where: string,
    dispatcher: Dispatcher,
    signal: AbortSignal,
  ): Promise<JsonAnswer> {
    const target = new URL(url);
    const answer = await dispatcher.request({
      origin: target.origin,
      path: `${target.pathname}${target.search}`,
      method,
      headers: {
        accept: 'application/json',
        'user-agent': this.options.userAgent,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    });
    const bytes = await this.read(answer.body, where);
    const { statusCode } = answer;
    if (statusCode >= 300 && statusCode < 400) {
      throw new UpstreamAnswerError(where, `sends elsewhere (status ${statusCode}), which is not followed`);
    }
    const type = String(answer.headers['content-type'] ?? 'nothing')
      .split(';')[0]
      ?.trim()
      .toLowerCase();
    if (type !== 'application/json') {
      throw new UpstreamAnswerError(where, `answers ${statusCode} with ${type?.slice(0, 60) ?? ''} instead of JSON`);
    }
    return { status: statusCode, json: parse(bytes, where) };
  }

  private async read(body: Dispatcher.ResponseData['body'], where: string): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      sizeBytes += piece.length;
      if (sizeBytes > this.limits.answerBytes) {
        throw new UpstreamAnswerError(where, `answers with more than ${this.limits.answerBytes} bytes`);
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  private late(origin: string): UpstreamUnreachableError {
    return new UpstreamUnreachableError(origin, `it did not answer within ${this.limits.answerMs / 1000} seconds`);
  }

  private directly(): Agent {
    this.direct ??= new Agent({
      connect: { ca: trustedCertificates(), timeout: this.limits.connectMs },
      ...this.timeouts(),
    });
    return this.direct;
  }

  private dispatcher(): Dispatcher {
    const { proxy } = this.options;
    if (proxy === null) return this.directly();
    this.proxied ??= new ProxyAgent({
      uri: proxy,
      requestTls: { ca: trustedCertificates(), timeout: this.limits.connectMs },
      proxyTls: { ca: trustedCertificates(), timeout: this.limits.connectMs },
      ...this.timeouts(),
    });
    return this.proxied;
  }

  private timeouts() {
    // One connection for each request: nothing keeps the process alive, and a stale one is never met.
    return { headersTimeout: this.limits.answerMs, bodyTimeout: this.limits.answerMs, pipelining: 0 };
  }
}

function parse(bytes: Buffer, where: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new UpstreamAnswerError(where, 'answers with something that claims to be JSON and is not', { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'names cannot be looked up',
  ENETUNREACH: 'there is no way to its network',
  EHOSTUNREACH: 'there is no way to it',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it does not take the connection',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed, and not trusted on this machine',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority behind its certificate is not trusted on this machine',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority behind its certificate is not known on this machine',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority behind its certificate is not known on this machine',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

function reasonOf(error: unknown): string {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code !== undefined && REASONS[code] !== undefined) return REASONS[code];
  }
  return error instanceof Error ? error.message : String(error);
}
