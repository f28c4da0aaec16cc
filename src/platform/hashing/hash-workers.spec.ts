import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type FillingContent, HashWorkers } from './hash-workers.js';
import { HashWorkerLostError } from './hashing.errors.js';

const MIB = 1024 * 1024;

describe(HashWorkers.name, () => {
  let workers: HashWorkers;

  beforeEach(() => {
    workers = new HashWorkers();
  });
  afterEach(() => workers.beforeApplicationShutdown());

  it.each([0, 1, MIB - 1, MIB, MIB + 1, 9 * MIB + 17])('hashes %i bytes as node:crypto does', async (size) => {
    const content = noise(size);
    const hashed = await workers.hash(chunked(content, 70_001));
    expect(hashed.sha3_384.hex).toBe(createHash('sha3-384').update(content).digest('hex'));
    expect(hashed.sizeBytes).toBe(size);
  });

  it.each([0, 1, 2 * MIB, 9 * MIB + 17])(
    'has %i bytes filled into its memory, and hashes and sinks them',
    async (size) => {
      const content = noise(size);
      const seen: Buffer[] = [];
      const sink = (block: Uint8Array) => Promise.resolve(void seen.push(Buffer.from(block)));
      const hashed = await workers.hash(filling(content, 300_001), { sink });
      expect(hashed.sha3_384.hex).toBe(createHash('sha3-384').update(content).digest('hex'));
      expect(hashed.sizeBytes).toBe(size);
      expect(Buffer.concat(seen).equals(content)).toBe(true);
    },
  );

  it('gives the sink every byte in order, one block at a time', async () => {
    const content = noise(9 * MIB + 5);
    const seen: Buffer[] = [];
    let inside = 0;
    const sink = async (block: Uint8Array): Promise<void> => {
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      seen.push(Buffer.from(block));
      inside--;
    };
    await workers.hash(chunked(content, 3 * MIB), { sink });
    expect(Buffer.concat(seen).equals(content)).toBe(true);
  });

  it('hashes many streams at once, each on its own', async () => {
    const contents = Array.from({ length: 12 }, (_, index) => noise(MIB + index * 100_003));
    const hashed = await Promise.all(contents.map((content) => workers.hash(chunked(content, 65_536))));
    expect(hashed.map((each) => each.sha3_384.hex)).toEqual(
      contents.map((content) => createHash('sha3-384').update(content).digest('hex')),
    );
  });

  it.each(['source', 'filling', 'sink'])(
    'passes on what the %s throws, and the next stream is hashed right',
    async (who) => {
      const content = noise(3 * MIB);
      const sink = () => (who === 'sink' ? Promise.reject(new Error('broken')) : Promise.resolve());
      for (let round = 0; round < 2 * workers.parallelism; round++) {
        const sources = { source: breakingAfter(content), filling: breakingFilling(), sink: chunked(content, MIB) };
        const source = sources[who as keyof typeof sources];
        await expect(workers.hash(source, { sink })).rejects.toThrow('broken');
      }
      const hashed = await workers.hash(chunked(content, MIB));
      expect(hashed.sha3_384.hex).toBe(createHash('sha3-384').update(content).digest('hex'));
    },
  );

  it('stops at the signal, also while waiting for a thread', async () => {
    const stop = new AbortController();
    const running = Array.from({ length: workers.parallelism + 2 }, () =>
      workers.hash(endless(), { signal: stop.signal }),
    );
    stop.abort(new Error('enough'));
    const reason: unknown = stop.signal.reason;
    const ends = await Promise.allSettled(running);
    expect(ends).toEqual(ends.map(() => ({ status: 'rejected', reason })));
  });

  it('stops at the signal between two fillings', async () => {
    const stop = new AbortController();
    const running = workers.hash(
      { fill: () => new Promise((resolve) => setImmediate(resolve, 1)) },
      { signal: stop.signal },
    );
    await new Promise(setImmediate);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  it('ends its threads with the application, failing what is under way', async () => {
    const running = workers.hash(endless());
    running.catch(() => undefined);
    await new Promise(setImmediate);
    await workers.beforeApplicationShutdown();
    await expect(running).rejects.toThrow(HashWorkerLostError);
    await expect(workers.hash(chunked(noise(1), 1))).rejects.toThrow(HashWorkerLostError);
  });
});

function noise(size: number): Buffer {
  return Buffer.alloc(size, createHash('sha512').update(String(size)).digest());
}

function chunked(content: Buffer, size: number): Readable {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) parts.push(content.subarray(at, at + size));
  return Readable.from(parts);
}

/** So many bytes at a time at most. */
function filling(content: Buffer, most: number): FillingContent {
  let at = 0;
  return {
    fill: (memory) => {
      const count = content.copy(memory, 0, at, at + most);
      at += count;
      return Promise.resolve(count);
    },
  };
}

function breakingFilling(): FillingContent {
  let calls = 0;
  return { fill: (memory) => (calls++ === 3 ? Promise.reject(new Error('broken')) : Promise.resolve(memory.length)) };
}

async function* breakingAfter(content: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield content;
  throw new Error('broken');
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    await new Promise(setImmediate);
    yield noise(100_000);
  }
}
