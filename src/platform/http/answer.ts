/** Header names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** A body whose bytes are read while they are sent, so that a snap is never in memory. */
export interface StreamedBody {
  readonly sizeBytes: number;
  /** Only when the bytes are wanted: not for HEAD. Fails where they cannot be vouched for. */
  open(): Promise<ByteSource>;
}

export interface ByteSource {
  /** Fills the memory with the bytes from this place of the body on. @returns how many; fewer only where it has no more */
  readInto(memory: Buffer, position: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * Bytes as a text with one character for each (`latin1`). Node.js sends it together with the head, in one piece, and V8 joins
 * such texts without copying; of buffers it does neither, which costs a fifth of a small answer.
 */
export type ByteText = string;

/** A part of a body. */
export type Piece = Buffer | ByteText;

export type AnswerBody = Piece | readonly Piece[] | StreamedBody;

/** The bytes that a text has as UTF-8. */
export function byteText(text: string): ByteText {
  return IS_ASCII.test(text) ? text : Buffer.from(text).toString('latin1');
}

const IS_ASCII = /^[\0-\x7f]*$/;

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

export function isStreamed(body: AnswerBody): body is StreamedBody {
  return typeof body === 'object' && 'open' in body;
}
