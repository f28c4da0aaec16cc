import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf, StoreError } from '../../../kernel/store-error.js';
import {
  type OnlineStore,
  type StoreTransfer,
  UpstreamAnswerError,
  UpstreamUnreachableError,
} from '../../upstream/offline.js';

/** When connections that break are given up. That one brings too little is for the store's client to find. */
export interface TransferLimits {
  /** What counts as having come further. */
  readonly progressBytes: number;
  /** So many connections in a row may end without having come further. */
  readonly attempts: number;
  /** Before the second attempt; each further pause is twice as long, and up to half of it longer. */
  readonly pauseMs: number;
}

export const TRANSFER_LIMITS: TransferLimits = {
  progressBytes: 64 * 1024,
  attempts: 5,
  pauseMs: 1000,
};

export interface WantedBytes {
  readonly url: string;
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** Where to begin. */
  readonly from: number;
}

/**
 * The bytes of a file from somewhere on, over as many connections as it takes: one that breaks is followed by another that goes
 * on where it stopped. Never more than the file has.
 * @throws UpstreamUnreachableError where several in a row brought nothing; UpstreamAnswerError for what cannot be that file; the
 * signal's reason, and what the store throws
 */
export async function* receive(
  store: OnlineStore,
  { url, sizeBytes, from }: WantedBytes,
  signal: AbortSignal,
  limits: TransferLimits = TRANSFER_LIMITS,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from;
  let furthest = from;
  for (let attempt = 1; at < sizeBytes;) {
    try {
      const transfer = await store.download(url, at, { signal });
      for await (const piece of rest(transfer, at, { url, sizeBytes })) {
        at += piece.length;
        yield piece;
      }
      if (at >= sizeBytes) return;
      throw cutShort(url, `it closed the connection at byte ${at} of ${sizeBytes}`);
    } catch (error) {
      signal.throwIfAborted();
      if (!isWorthAnother(error)) throw error;
      attempt = at - furthest >= limits.progressBytes ? 1 : attempt + 1;
      furthest = at;
      if (attempt > limits.attempts) throw asUnreachable(url, error);
      const pauseMs = limits.pauseMs * 2 ** (attempt - 1);
      await sleep(pauseMs + (Math.random() * pauseMs) / 2, undefined, { signal });
    }
  }
}

/** What the transfer brings from this byte on. */
async function* rest(
  { from, size, bytes }: StoreTransfer,
  at: number,
  { url, sizeBytes }: Pick<WantedBytes, 'url' | 'sizeBytes'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (size !== null && size !== sizeBytes) {
    throw new UpstreamAnswerError(whereOf(url), `has a file of ${size} bytes where ${sizeBytes} were announced`);
  }
  if (from > at) throw new UpstreamAnswerError(whereOf(url), `sends from byte ${from} on where ${at} was asked for`);
  let position = from;
  for await (const piece of bytes) {
    const fresh = position < at ? piece.subarray(Math.min(at - position, piece.length)) : piece;
    position += piece.length;
    if (position > sizeBytes) {
      throw new UpstreamAnswerError(whereOf(url), `sends more than the ${sizeBytes} bytes that were announced`);
    }
    if (fresh.length > 0) yield fresh;
  }
}

/**
 * Connections break; an answer that cannot be believed does not get better, nor does a certificate, nor a store that its client has
 * asked often enough.
 */
function isWorthAnother(error: unknown): boolean {
  return error instanceof UpstreamUnreachableError ? error.retry !== null : !(error instanceof StoreError);
}

function cutShort(url: string, why: string): UpstreamUnreachableError {
  return new UpstreamUnreachableError(whereOf(url), why, { retry: { afterMs: null } });
}

function asUnreachable(url: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new UpstreamUnreachableError(whereOf(url), messageOf(error), { cause: error });
}

/** Without the query, in which a store may put a secret. */
function whereOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
