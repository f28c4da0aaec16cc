import type { IncomingMessage } from 'node:http';

import type { Answer } from './answer.js';
import type { BaseUrl } from './base-url.js';
import { readBody, readJson } from './request-body.js';

/**
 * One endpoint, apart from who listens: the fast lane and the controllers both lead here, with the same request, and so
 * answer the same.
 */
export interface DeviceRoute {
  /** `GET` answers HEAD too. */
  readonly method: 'GET' | 'POST';
  /** Without a slash at the start. With one at the end: everything below it, and `rest` is what follows. */
  readonly path: string;
  readonly answer: (request: DeviceRequest) => Answer | Promise<Answer>;
}

/** What an endpoint may know of a request. */
export class DeviceRequest {
  constructor(
    private readonly raw: IncomingMessage,
    /** What follows the route's path in the URL, still percent-encoded, without the query. */
    readonly rest: string,
    /** What follows `?`, still percent-encoded; empty where there is none. */
    readonly query: string,
    private readonly baseUrls: BaseUrl,
    private readonly mount: string,
  ) {}

  /** What absolute URLs in the answer start with, without a slash at the end. */
  get baseUrl(): string {
    return this.baseUrls.of(this.raw, this.mount);
  }

  /** `GET`, `HEAD` or `POST`, as it was asked. */
  get method(): string {
    return this.raw.method ?? '';
  }

  /** Lower case name; null where it is absent or empty. */
  header(name: string): string | null {
    const value = this.raw.headers[name];
    const text = Array.isArray(value) ? value.join(', ') : value;
    return text === undefined || text === '' ? null : text;
  }

  /** @throws TooManyBytesError, BadRequestError */
  json(limitBytes: number): Promise<unknown> {
    return readJson(this.raw, limitBytes);
  }

  /** @throws TooManyBytesError, BadRequestError */
  body(limitBytes: number): Promise<Buffer> {
    return readBody(this.raw, limitBytes);
  }

  /** @throws BadRequestError where the percent-encoding is broken */
  parameters(): URLSearchParams {
    return new URLSearchParams(this.query);
  }
}
