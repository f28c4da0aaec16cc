import type { Readable } from 'node:stream';

import { UpstreamUnreachableError } from './http.errors.js';

/** What an answer has to bring while it is waited for. */
export interface Pace {
  readonly leastBytesPerSecond: number;
  readonly paceMs: number;
}

/**
 * The pieces of a body. Time in which nobody asks for the next piece does not count against its pace.
 * @throws UpstreamUnreachableError where it is too slow; what the stream throws
 */
export async function* receive(body: Readable, origin: string, pace: Pace): AsyncGenerator<Uint8Array, void> {
  const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let waitedMs = 0;
  let receivedBytes = 0;
  try {
    for (;;) {
      const askedAt = performance.now();
      const next = await iterator.next();
      if (next.done === true) return;
      waitedMs += performance.now() - askedAt;
      receivedBytes += next.value.length;
      if (waitedMs >= pace.paceMs) {
        if ((receivedBytes / waitedMs) * 1000 < pace.leastBytesPerSecond) {
          const why = `it sends less than ${pace.leastBytesPerSecond} bytes a second`;
          throw new UpstreamUnreachableError(origin, why, { retry: { afterMs: null } });
        }
        waitedMs = 0;
        receivedBytes = 0;
      }
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
