import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { Sha3_384 } from '../../kernel/digest.js';
import { messageOf } from '../../kernel/store-error.js';
import { HashWorkerLostError } from './hashing.errors.js';

/**
 * Large enough that waking threads costs little beside hashing, and all of them together small enough to stay in the processor's
 * cache: what was just read is hashed and written from there (`npm run bench -- fetch` and `import` show the difference).
 */
export const BLOCK_BYTES = 256 * 1024;
export const BLOCKS_PER_THREAD = 8;

/**
 * The thread's program. It is kept as text because it is this small and then runs the same from the built package, from
 * tests and out of a host's bundle. A number is "hash so many bytes of the next block", answered once the block is free
 * again; `digest` asks for the result and `reset` for a fresh start.
 */
const PROGRAM = `
const { createHash } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const { shared, blockBytes, blocks } = workerData;
let hash = createHash('sha3-384');
let next = 0;
parentPort.on('message', (message) => {
  if (typeof message === 'number') {
    hash.update(new Uint8Array(shared, next * blockBytes, message));
    next = (next + 1) % blocks;
    parentPort.postMessage(null);
    return;
  }
  if (message === 'digest') parentPort.postMessage(hash.digest());
  hash = createHash('sha3-384');
  next = 0;
});
`;

/** One worker thread and the ring of memory that it shares with us: bytes are copied once and never sent. */
export class HashThread {
  private readonly shared = new SharedArrayBuffer(BLOCK_BYTES * BLOCKS_PER_THREAD);
  private readonly worker = new Worker(PROGRAM, {
    eval: true,
    name: 'hash',
    workerData: { shared: this.shared, blockBytes: BLOCK_BYTES, blocks: BLOCKS_PER_THREAD },
  });
  private lost: HashWorkerLostError | null = null;
  private answers: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];

  constructor() {
    this.worker.unref();
    this.worker.on('message', (answer: unknown) => this.answers.shift()?.resolve(answer));
    this.worker.on('error', (error) => {
      this.fail(new HashWorkerLostError(`the thread that hashes has failed: ${messageOf(error)}`));
    });
    this.worker.on('exit', () => {
      this.fail(new HashWorkerLostError('the thread that hashes has been stopped'));
    });
  }

  get isLost(): boolean {
    return this.lost !== null;
  }

  /** While in use the thread keeps the process alive, else nothing of it does. */
  setInUse(inUse: boolean): void {
    if (inUse) this.worker.ref();
    else this.worker.unref();
  }

  block(index: number): Buffer {
    return Buffer.from(this.shared, index * BLOCK_BYTES, BLOCK_BYTES);
  }

  /** Hashes the next block of the ring; resolves when its memory may be used again. */
  async hashBlock(bytes: number): Promise<void> {
    await this.ask(bytes);
  }

  async digest(): Promise<Sha3_384> {
    return Sha3_384.fromBytes((await this.ask('digest')) as Uint8Array);
  }

  /** Forgets what was hashed so far. */
  reset(): void {
    this.worker.postMessage('reset');
  }

  async stop(): Promise<void> {
    if (this.isLost) return;
    const ended = once(this.worker, 'exit');
    void this.worker.terminate();
    await ended;
  }

  private ask(message: number | 'digest'): Promise<unknown> {
    if (this.lost !== null) return Promise.reject(this.lost);
    return new Promise((resolve, reject) => {
      this.answers.push({ resolve, reject });
      this.worker.postMessage(message);
    });
  }

  private fail(error: HashWorkerLostError): void {
    this.lost ??= error;
    const waiting = this.answers;
    this.answers = [];
    for (const { reject } of waiting) reject(this.lost);
  }
}
