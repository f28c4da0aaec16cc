import type { IncomingMessage } from 'node:http';

import { messageOf } from '../../kernel/store-error.js';
import { BadRequestError, TooManyBytesError } from './http.errors.js';

/**
 * Reads a request's body to its end. Where a host application has read it already, what it made of it.
 * @throws TooManyBytesError before more than the limit is in memory, BadRequestError where the client stopped short or
 *   compressed it
 */
export function readBody(request: IncomingMessage & { body?: unknown }, limitBytes: number): Promise<Buffer> {
  const tooLarge = (): TooManyBytesError =>
    new TooManyBytesError(`the body of this request may have up to ${limitBytes} bytes`, { limitBytes });
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return Promise.reject(tooLarge());
  if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity') {
    return Promise.reject(new BadRequestError('the body of a request is not compressed here'));
  }
  // Nothing more comes of it, not even its end.
  if (request.readableEnded) return Promise.resolve(bytesOf(request.body));
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    const fail = (error: Error): void => {
      request.off('data', take);
      // What still comes is thrown away; the connection is closed after the answer.
      request.resume();
      reject(error);
    };
    const take = (piece: Buffer): void => {
      sizeBytes += piece.length;
      if (sizeBytes > limitBytes) fail(tooLarge());
      else pieces.push(piece);
    };
    request.on('data', take);
    request.on('end', () => {
      resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, sizeBytes));
    });
    // A client that goes before it has sent all is an error too.
    request.on('error', (error) => {
      fail(new BadRequestError(`the request broke off: ${error.message}`));
    });
  });
}

function bytesOf(read: unknown): Buffer {
  if (Buffer.isBuffer(read)) return read;
  if (typeof read === 'string') return Buffer.from(read);
  return Buffer.from(read === undefined ? '' : JSON.stringify(read));
}

/**
 * The JSON that a request carries, whatever content type it claims: snapd asks for cohorts without one. Where a host
 * application has parsed the body already, what it found.
 * @throws TooManyBytesError, BadRequestError
 */
export function readJson(request: IncomingMessage & { body?: unknown }, limitBytes: number): Promise<unknown> {
  if (request.body !== undefined && request.readableEnded) return Promise.resolve(request.body);
  return readBody(request, limitBytes).then(parseJson);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new BadRequestError(`the body of this request is not JSON: ${messageOf(error).slice(0, 100)}`);
  }
}
