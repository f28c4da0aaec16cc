/** The part of a writable that a pump needs: node:stream's and streamx's have it in common. */
export interface Sink {
  readonly destroyed: boolean;
  write(chunk: Uint8Array): boolean;
  end(last: null): unknown;
  destroy(error?: Error): unknown;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
}

/**
 * Writes all of a source into a stream at the stream's own pace, and ends it. A source that fails takes the stream down with
 * it; a stream that is destroyed lets the source go. Never rejects: who reads the stream's other side learns of the failure.
 */
export async function pump(source: AsyncIterable<Uint8Array>, sink: Sink): Promise<void> {
  try {
    for await (const chunk of source) {
      if (sink.destroyed) return;
      if (!sink.write(chunk)) await roomIn(sink);
    }
    if (!sink.destroyed) sink.end(null);
  } catch (error) {
    sink.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Reads a small thing whole. What comes must have been bounded before. */
export async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads this many bytes, or as many as there are, and lets the stream go. */
export async function firstBytes(bytes: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let seen = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    seen += chunk.length;
    if (seen >= count) break;
  }
  return Buffer.concat(chunks).subarray(0, count);
}

/** Looks at the first bytes of a stream; `all` still has them. `start` is shorter only when the stream is. */
export async function peeked(
  bytes: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ start: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  for (let seen = 0; seen < count;) {
    const next = await iterator.next();
    if (next.done === true) break;
    chunks.push(next.value);
    seen += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks.splice(0);
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { start: Buffer.concat(chunks).subarray(0, count), all: all() };
}

function roomIn(sink: Sink): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sink.off('drain', done);
      sink.off('close', done);
      resolve();
    };
    sink.on('drain', done);
    sink.on('close', done);
    if (sink.destroyed) done();
  });
}
