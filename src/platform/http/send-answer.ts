import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';

import { type Answer, isStreamed, type Piece, type StreamedBody } from './answer.js';
import { errorAnswer } from './error-answer.js';
import { JoinBuffers, sizeOfPieces } from './join-buffers.js';

/**
 * Told to every client. From 55 on snapd trusts a store to understand `held` (store/store_action.go), from 20 on it does not
 * fall back to the first search API, from 6 on it registers a device through a proxy store.
 */
export const SNAP_STORE_VERSION = '69';

/** Up to this a body is copied into the same piece as the head, which is cheaper than to send two. */
const WITH_HEAD_UP_TO_BYTES = 64 * 1024;

/**
 * Sends an answer and resolves when it is on its way, or when the client has gone.
 * @param onFailure told what kept a streamed body from being sent to its end; the connection is cut then, because what has
 *   been promised in its length cannot be kept
 */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  onFailure: (error: unknown) => void,
): void | Promise<void> {
  if (response.destroyed || response.headersSent) return;
  const { body } = answer;
  if (Array.isArray(body)) return sendPieces(request, response, answer, body as readonly Piece[]);
  if (isStreamed(body)) return sendStream(request, response, answer, body, onFailure);
  const compressed = answer.gzip !== undefined && acceptsGzip(request) ? answer.gzip() : null;
  const bytes = compressed ?? body;
  writeHead(response, answer, bytes.length, compressed === null ? null : 'gzip');
  if (request.method === 'HEAD') response.end();
  else if (typeof bytes === 'string') response.end(bytes, 'latin1');
  else if (bytes.length <= WITH_HEAD_UP_TO_BYTES) response.end(bytes.toString('latin1'), 'latin1');
  else response.end(bytes);
}

const joinBuffers = new JoinBuffers();

function sendPieces(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  pieces: readonly Piece[],
): void | Promise<void> {
  const sizeBytes = sizeOfPieces(pieces);
  writeHead(response, answer, sizeBytes, null);
  if (request.method === 'HEAD') {
    response.end();
  } else if (sizeBytes > JoinBuffers.limitBytes) {
    return writePieces(response, pieces);
  } else {
    const joined = joinBuffers.join(pieces);
    // A client that has gone leaves its memory to the garbage collector: something may still be reading it.
    response.end(joined, () => {
      if (response.writableFinished) joinBuffers.giveBack(joined);
    });
  }
}

async function writePieces(response: ServerResponse, pieces: readonly Piece[]): Promise<void> {
  for (const piece of pieces) {
    const isTaken = typeof piece === 'string' ? response.write(piece, 'latin1') : response.write(piece);
    if (!isTaken && !(await isDrained(response))) return;
  }
  response.end();
}

/** Whether the client takes gzip (RFC 9110 §12.5.3); one that does not say so gets the bytes as they are. */
export function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = request.headers['accept-encoding'];
  if (accepted === undefined) return false;
  if (accepted === 'gzip') return true;
  return accepted.split(',').some((coding) => {
    const [name, ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
    return name === 'gzip' && !parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
  });
}

function writeHead(response: ServerResponse, answer: Answer, sizeBytes: number, coding: 'gzip' | null): void {
  const headers: (string | number)[] = ['snap-store-version', SNAP_STORE_VERSION];
  // The length of a 304 would be that of the body that is not sent.
  if (answer.status !== 304) headers.push('content-length', sizeBytes);
  for (const name in answer.headers) headers.push(name, answer.headers[name] ?? '');
  if (answer.gzip !== undefined) headers.push('vary', 'Accept-Encoding');
  if (coding !== null) headers.push('content-encoding', coding);
  response.writeHead(answer.status, headers as unknown as OutgoingHttpHeader[]);
}

/** Nothing is sent before the first piece is there, so that a file that cannot be vouched for still becomes a clean error. */
async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  body: StreamedBody,
  onFailure: (error: unknown) => void,
): Promise<void> {
  if (request.method === 'HEAD' || body.sizeBytes === 0) {
    writeHead(response, answer, body.sizeBytes, null);
    response.end();
    return;
  }
  const stream = body.open();
  const stop = (): void => {
    stream.destroy();
  };
  response.once('close', stop);
  try {
    let sentBytes = 0;
    for await (const piece of stream as AsyncIterable<Buffer>) {
      if (!response.headersSent) writeHead(response, answer, body.sizeBytes, null);
      sentBytes += piece.length;
      if (!response.write(piece) && !(await isDrained(response))) return;
    }
    if (sentBytes !== body.sizeBytes) throw new Error(`${sentBytes} of ${body.sizeBytes} bytes could be read`);
    response.end();
  } catch (error) {
    if (response.destroyed) return;
    onFailure(error);
    if (response.headersSent) response.destroy();
    else await sendAnswer(request, response, errorAnswer(error), onFailure);
  } finally {
    response.off('close', stop);
    stream.destroy();
  }
}

/** Waits until the client has taken what was written; false when it never will. */
async function isDrained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return false;
  const gone = new AbortController();
  const leave = (): void => {
    gone.abort();
  };
  response.once('close', leave);
  try {
    await once(response, 'drain', { signal: gone.signal });
    return true;
  } catch {
    return false;
  } finally {
    response.off('close', leave);
  }
}
