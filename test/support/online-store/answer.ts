import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Misbehaviour } from './misbehaviour.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const CHUNK_BYTES = 64 * 1024;

export function jsonAnswer(status: number, json: unknown, contentType = 'application/json'): Answer {
  return { status, headers: { 'content-type': contentType }, body: Buffer.from(JSON.stringify(json)) };
}

export function notFound(code: string, message: string, contentType = 'application/json'): Answer {
  return jsonAnswer(404, { 'error-list': [{ code, message }] }, contentType);
}

/** A whole file, or the part from `Range: bytes=N-` on. */
export function fileAnswer(content: Buffer, contentType: string, range: string | undefined): Answer {
  const headers = { 'content-type': contentType, 'accept-ranges': 'bytes' };
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? NaN);
  if (!Number.isInteger(from)) return { status: 200, headers, body: content };
  if (from >= content.length) {
    return { status: 416, headers: { 'content-range': `bytes */${content.length}` }, body: Buffer.alloc(0) };
  }
  const part = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  return { status: 206, headers: { ...headers, ...part }, body: content.subarray(from) };
}

/** Sends an answer, in the way that a misbehaviour wants it sent. @param count told of bytes of the body once they are on their way */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  how: Misbehaviour | null,
  count: (bytes: number) => void,
): void {
  if (how?.kind === 'hang') return;
  response.writeHead(status, { 'content-length': body.length, ...headers });
  void sendBody(response, body, how, count).catch(() => response.destroy());
}

async function sendBody(
  response: ServerResponse,
  body: Buffer,
  how: Misbehaviour | null,
  count: (bytes: number) => void,
): Promise<void> {
  const chunkBytes = how?.kind === 'drip' ? how.bytes : CHUNK_BYTES;
  const end = how?.kind === 'cut' ? Math.min(how.afterBytes, body.length) : body.length;
  response.flushHeaders();
  for (let at = 0; at < end && !response.destroyed; at += chunkBytes) {
    const piece = body.subarray(at, Math.min(at + chunkBytes, end));
    await new Promise<void>((resolve, reject) => {
      response.write(piece, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
    count(piece.length);
    if (how?.kind === 'drip') await sleep(how.everyMs);
  }
  if (how?.kind === 'cut') {
    // What is on its way has to get through before the connection is gone.
    await sleep(50);
    response.destroy();
  } else {
    response.end();
  }
}
