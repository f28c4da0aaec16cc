import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';

import { type Answer, type ByteSource, isStreamed, type Piece, type StreamedBody } from './answer.js';
import { errorAnswer } from './error-answer.js';
import { SendBuffers, sizeOfPieces } from './send-buffers.js';

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

const sendBuffers = new SendBuffers();

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
  } else if (sizeBytes > SendBuffers.limitBytes) {
    return writePieces(response, pieces);
  } else {
    const joined = sendBuffers.join(pieces);
    // A client that has gone leaves its memory to the garbage collector: something may still be reading it.
    response.end(joined, () => {
      if (response.writableFinished) sendBuffers.giveBack(joined);
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

/** Nothing is sent before the first bytes are there, so that a file that cannot be vouched for still becomes a clean error. */
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
  try {
    const source = await body.open();
    try {
      await copyToClient(response, answer, body.sizeBytes, source);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (response.destroyed) return;
    onFailure(error);
    if (response.headersSent) response.destroy();
    else await sendAnswer(request, response, errorAnswer(error), onFailure);
  }
}

/** One piece of memory for each download: read, sent, and only then filled again. */
async function copyToClient(
  response: ServerResponse,
  answer: Answer,
  sizeBytes: number,
  source: ByteSource,
): Promise<void> {
  const memory = sendBuffers.take();
  for (let position = 0; position < sizeBytes;) {
    const wanted = memory.subarray(0, Math.min(memory.length, sizeBytes - position));
    const count = await source.readInto(wanted, position);
    if (count < wanted.length) throw new Error(`the file ends after ${position + count} of ${sizeBytes} bytes`);
    if (response.destroyed) return;
    if (position === 0) writeHead(response, answer, sizeBytes, null);
    // The memory of a client that has gone is left to the garbage collector: something may still be reading it.
    if (!(await isSent(response, wanted))) return;
    position += count;
  }
  sendBuffers.giveBack(memory);
  response.end();
}

/** Resolves when the bytes have left the process; false when they never will. */
function isSent(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => {
      resolve(false);
    };
    response.once('close', gone);
    response.write(bytes, (error) => {
      response.off('close', gone);
      resolve(!error);
    });
  });
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
