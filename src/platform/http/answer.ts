import type { Readable } from 'node:stream';

/** Header names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** A body whose bytes are read while they are sent, so that a snap is never in memory. */
export interface StreamedBody {
  readonly sizeBytes: number;
  /** Opened only when the bytes are wanted: not for HEAD. Fails before its first byte where they cannot be vouched for. */
  open(): Readable;
}

/** Ready bytes, whole or in pieces that are sent one after the other. */
export type AnswerBody = Buffer | readonly Buffer[] | StreamedBody;

/**
 * What to send, without saying how: services make it, and the lane and the controllers send it with the same few lines
 * (`sendAnswer`), which is why both answer alike. Its `content-type` is sent as it is: snapd compares it with `==`.
 */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: AnswerBody;
  /** The same body compressed, where it is worth it; made when somebody asks for it. */
  readonly gzip?: () => Buffer;
}

/** Exactly this, without a charset: snapd takes nothing else for JSON (store/store.go, store/store_asserts.go). */
export const JSON_TYPE = 'application/json';

export const EMPTY_BODY = Buffer.alloc(0);

export function jsonAnswer(status: number, value: unknown, headers: AnswerHeaders = {}): Answer {
  return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body: Buffer.from(JSON.stringify(value)) };
}

export function sizeOf(body: AnswerBody): number {
  if (Buffer.isBuffer(body)) return body.length;
  if (isStreamed(body)) return body.sizeBytes;
  return body.reduce((sum, piece) => sum + piece.length, 0);
}

export function isStreamed(body: AnswerBody): body is StreamedBody {
  return 'open' in body;
}
