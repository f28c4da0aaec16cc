import { UpstreamAnswerError } from '../http/http.errors.js';
import { contentTypeOf, type HttpStream } from '../http/http-client.js';
import type { StoreTransfer } from './online-store.js';

const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/;

/**
 * What an answer to a request for a file, from a byte on, brings.
 * @throws UpstreamAnswerError where it is not that file's bytes
 */
export function transferOf(stream: HttpStream, from: number, where: string): StoreTransfer {
  const { status, bytes } = stream;
  if (status === 404 || status === 410) throw new UpstreamAnswerError(where, `is not there (${status})`);
  if (status === 416) throw new UpstreamAnswerError(where, `has nothing from byte ${from} on`);
  if (status !== 200 && status !== 206) throw new UpstreamAnswerError(where, `answers ${status} instead of the file`);
  if (contentTypeOf(stream) === 'text/html') {
    throw new UpstreamAnswerError(where, 'answers with a web page instead of the file');
  }
  const encoding = stream.header('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    throw new UpstreamAnswerError(where, `sends the file packed as ${encoding.slice(0, 40)}, which was not asked for`);
  }
  if (status === 200) return { from: 0, size: numberOf(stream.header('content-length')), bytes };
  const [, first, , size] = CONTENT_RANGE.exec(stream.header('content-range') ?? '') ?? [];
  if (Number(first) !== from)
    throw new UpstreamAnswerError(where, `does not send the part that begins with byte ${from}`);
  return { from, size: numberOf(size ?? null), bytes };
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
