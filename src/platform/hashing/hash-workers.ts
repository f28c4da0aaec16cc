import { availableParallelism } from 'node:os';
import type { BeforeApplicationShutdown } from '@nestjs/common';

import type { Sha3_384 } from '../../kernel/digest.js';
import { BLOCK_BYTES, BLOCKS_PER_THREAD, HashThread } from './hash-thread.js';
import { HashQueueFullError, HashWorkerLostError } from './hashing.errors.js';

const MAX_THREADS = 4;
const MAX_WAITING = 256;

/** What a stream was: its digest and how many bytes it had. */
export interface HashedContent {
  readonly sha3_384: Sha3_384;
  readonly sizeBytes: number;
}

/**
 * Content that fills memory it is handed: a file, whose bytes then go from the kernel to where they are hashed without being
 * copied in between, and without memory that has to be found and given back for each piece.
 */
export interface FillingContent {
  /** The next bytes. @returns how many; 0 only at the end */
  fill(memory: Buffer): Promise<number>;
}

/** Content in whichever way it comes. */
export type HashableContent = AsyncIterable<Uint8Array> | FillingContent;

/**
 * Takes each block of the content, in order, one at a time, while it is being hashed. The block's memory is used again
 * once the promise resolves.
 */
export type BlockSink = (block: Uint8Array) => Promise<void>;

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  readonly sink?: BlockSink;
}

/**
 * Hashes streams in worker threads: SHA3-384 is the store's most expensive work and would own the event loop. Threads start
 * with the first use, one a stream and at most one a core; further streams wait their turn.
 */
export class HashWorkers implements BeforeApplicationShutdown {
  private readonly idle: HashThread[] = [];
  private readonly threads = new Set<HashThread>();
  private readonly waiting: { resolve: (thread: HashThread) => void; reject: (error: Error) => void }[] = [];
  private readonly limit = Math.min(availableParallelism(), MAX_THREADS);
  private isStopped = false;

  /** How many streams are hashed at the same time. */
  get parallelism(): number {
    return this.limit;
  }

  /**
   * Hashes a stream in one pass, and hands its blocks to the sink at the same time. The slower of the two sets the pace of
   * the source; memory is bounded by a few blocks (hash-thread.ts).
   * @throws HashQueueFullError, HashWorkerLostError, and what the source, the sink or the signal throws
   */
  async hash(source: HashableContent, options: HashOptions = {}): Promise<HashedContent> {
    const thread = await this.acquire(options.signal);
    const run = new HashRun(thread, options.sink ?? null);
    try {
      if ('fill' in source) await run.fillFrom(source, options.signal);
      else await run.copyFrom(source, options.signal);
      options.signal?.throwIfAborted();
      return await run.finish();
    } catch (error) {
      await run.abandon();
      throw error;
    } finally {
      this.giveBack(thread);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    for (const { reject } of this.waiting.splice(0)) reject(new HashWorkerLostError('the store is stopping'));
    await Promise.all([...this.threads].map((thread) => thread.stop()));
    this.threads.clear();
    this.idle.length = 0;
  }

  private async acquire(signal: AbortSignal | undefined): Promise<HashThread> {
    signal?.throwIfAborted();
    if (this.isStopped) throw new HashWorkerLostError('the store is stopping');
    const thread = this.idle.pop() ?? (this.threads.size < this.limit ? this.start() : await this.wait(signal));
    thread.setInUse(true);
    return thread;
  }

  private start(): HashThread {
    const thread = new HashThread();
    this.threads.add(thread);
    return thread;
  }

  private wait(signal: AbortSignal | undefined): Promise<HashThread> {
    if (this.waiting.length >= MAX_WAITING) throw new HashQueueFullError(this.waiting.length);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(signal?.reason as Error);
      };
      const waiter = {
        resolve: (thread: HashThread) => {
          signal?.removeEventListener('abort', leave);
          resolve(thread);
        },
        reject,
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.waiting.push(waiter);
    });
  }

  private giveBack(thread: HashThread): void {
    thread.setInUse(false);
    if (thread.isLost) this.threads.delete(thread);
    const next = this.isStopped ? undefined : this.waiting.shift();
    if (next !== undefined) next.resolve(thread.isLost ? this.start() : thread);
    else if (!thread.isLost) this.idle.push(thread);
  }
}

/** One stream on its way through a thread's ring of blocks. */
class HashRun {
  private readonly busy: Promise<unknown>[] = [];
  private sunk: Promise<void> = Promise.resolve();
  private current = 0;
  private filled = 0;
  private sizeBytes = 0;

  constructor(
    private readonly thread: HashThread,
    private readonly sink: BlockSink | null,
  ) {}

  async copyFrom(source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      for (let at = 0; at < chunk.length;) at += await this.add(chunk, at);
    }
  }

  async fillFrom(source: FillingContent, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.filled === 0) await this.busy[this.current];
      const count = await source.fill(this.thread.block(this.current).subarray(this.filled));
      if (count === 0) return;
      this.advance(count);
    }
  }

  /** Takes as much of the chunk as the current block has room for, and says how much that was. */
  private async add(chunk: Uint8Array, from: number): Promise<number> {
    if (this.filled === 0) await this.busy[this.current];
    const taken = Math.min(BLOCK_BYTES - this.filled, chunk.length - from);
    this.thread.block(this.current).set(chunk.subarray(from, from + taken), this.filled);
    this.advance(taken);
    return taken;
  }

  private advance(count: number): void {
    this.filled += count;
    this.sizeBytes += count;
    if (this.filled === BLOCK_BYTES) this.flush();
  }

  async finish(): Promise<HashedContent> {
    if (this.filled > 0) this.flush();
    await Promise.all(this.busy);
    return { sha3_384: await this.thread.digest(), sizeBytes: this.sizeBytes };
  }

  /** Waits until nobody reads the ring any more, and leaves the thread as it was found. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.busy);
    if (!this.thread.isLost) this.thread.reset();
  }

  private flush(): void {
    const block = this.thread.block(this.current).subarray(0, this.filled);
    this.sunk = this.sunk.then(() => this.sink?.(block));
    const done = Promise.all([this.thread.hashBlock(block.length), this.sunk]);
    // Whoever needs the block next, or the end, awaits the failure; until then it must not count as unhandled.
    done.catch(() => undefined);
    this.busy[this.current] = done;
    this.current = (this.current + 1) % BLOCKS_PER_THREAD;
    this.filled = 0;
  }
}
