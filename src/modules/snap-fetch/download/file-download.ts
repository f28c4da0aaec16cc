import { open, rm, stat, type FileHandle } from 'node:fs/promises';

import type { Sha3_384 } from '../../../kernel/digest.js';
import type { FillingContent, HashWorkers } from '../../../platform/hashing/hash-workers.js';
import type { OnlineStore } from '../../upstream/index.js';
import { aboutSubject, FetchRefusedError } from '../fetch.errors.js';
import type { DownloadCache } from './download-cache.js';
import type { FetchMeter } from './fetch-meter.js';
import { receive, type TransferLimits } from './transfer.js';

const READ_BYTES = 512 * 1024;

/** A file that the store offers and assertions describe. */
export interface WantedFile {
  /** For people: `jq_6.snap`. */
  readonly name: string;
  readonly url: string;
  readonly sizeBytes: number;
  readonly digest: Sha3_384;
}

export interface DownloadTools {
  readonly cache: DownloadCache;
  readonly store: OnlineStore;
  readonly workers: HashWorkers;
  readonly meter: FetchMeter;
  readonly limits: TransferLimits;
  readonly signal: AbortSignal;
}

/**
 * One file on its way into the cache. It is hashed and written in the same pass; a file that comes from its first byte on can be
 * read while it still comes, and whoever does so learns at its end whether it was the right one.
 */
export class FileDownload {
  private readonly growth = new Growth();
  private readonly settled = withResolvers();
  private downloaded = 0;

  constructor(
    readonly wanted: WantedFile,
    private readonly tools: DownloadTools,
  ) {
    this.settled.promise.catch(() => undefined);
  }

  /** How many bytes have come over the network for it. */
  get downloadedBytes(): number {
    return this.downloaded;
  }

  /** Resolves when the file is whole and its digest right. */
  get done(): Promise<void> {
    return this.settled.promise;
  }

  /**
   * Brings the file into the cache, or finds it there.
   * @throws FetchRefusedError for other content than wanted; FetchFailedError; the signal's reason, errors of the file system
   */
  async run(): Promise<void> {
    const { name } = this.wanted;
    try {
      await aboutSubject(name, async () => {
        if (!(await this.isHeld())) await this.download();
      });
      this.growth.reach(this.wanted.sizeBytes);
      this.settled.resolve();
    } catch (thrown) {
      const { signal } = this.tools;
      const error: unknown = signal.aborted ? signal.reason : thrown;
      this.fail(error);
      throw error;
    }
  }

  /** For one that will not be run any more. */
  fail(error: unknown): void {
    this.growth.fail(error);
    this.settled.reject(error);
  }

  /** The content as it comes; ends only when all of it was right. A piece is valid until the next is asked for. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const { sizeBytes } = this.wanted;
    await this.growth.beyond(0);
    const file = await this.openFile();
    try {
      const memory = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, sizeBytes));
      for (let at = 0; at < sizeBytes;) {
        const upTo = await this.growth.beyond(at);
        const { bytesRead } = await file.read(memory, 0, Math.min(memory.length, upTo - at), at);
        if (bytesRead === 0) throw new FetchRefusedError(this.wanted.name, 'was cut short in the cache');
        at += bytesRead;
        yield memory.subarray(0, bytesRead);
      }
      await this.done;
    } finally {
      await file.close();
    }
  }

  /** Opens the whole file, to be looked into. The caller closes it. */
  async open(): Promise<FileHandle> {
    await this.done;
    return this.openFile();
  }

  /** It gets its name when it is whole, which may be right now. */
  private async openFile(): Promise<FileHandle> {
    const { cache } = this.tools;
    const { digest } = this.wanted;
    const held = (await openIfThere(cache.part(digest))) ?? (await openIfThere(cache.whole(digest)));
    if (held !== null) return held;
    // It was wrong and is gone, and the download says so.
    await this.done;
    return open(cache.whole(digest), 'r');
  }

  /** Whether an earlier run left all of it. What lies there is believed for its digest only. */
  private async isHeld(): Promise<boolean> {
    const { cache, workers, meter, signal } = this.tools;
    const { digest, sizeBytes, name } = this.wanted;
    const path = cache.whole(digest);
    const size = await sizeOf(path);
    if (size === null) return false;
    if (size === sizeBytes) {
      meter.begin(name);
      const file = await open(path, 'r');
      try {
        const { sha3_384 } = await workers.hash(
          filledFrom(file, (bytes) => {
            meter.found(bytes);
          }),
          { signal },
        );
        if (sha3_384.equals(digest)) {
          await rm(cache.part(digest), { force: true });
          await cache.touch(path);
          return true;
        }
        meter.forget(sizeBytes);
      } finally {
        await file.close();
      }
    }
    await rm(path, { force: true });
    return false;
  }

  /** A part of an earlier run may have been damaged since; what came in one go is what the store sent. */
  private async download(): Promise<void> {
    const { cache, meter } = this.tools;
    const { digest, name, sizeBytes } = this.wanted;
    for (;;) {
      const from = await this.keptPart();
      meter.begin(name);
      const found = await this.receiveFrom(from);
      if (found.equals(digest)) break;
      await rm(cache.part(digest), { force: true });
      if (from === 0) {
        throw new FetchRefusedError(
          name,
          `the store sent content with the SHA3-384 digest ${found.hex} instead of ${digest.hex}`,
        );
      }
      meter.forget(sizeBytes);
    }
    await cache.keep(digest);
  }

  private async keptPart(): Promise<number> {
    const path = this.tools.cache.part(this.wanted.digest);
    const size = (await sizeOf(path)) ?? 0;
    if (size <= this.wanted.sizeBytes) return size;
    await rm(path, { force: true });
    return 0;
  }

  private async receiveFrom(from: number): Promise<Sha3_384> {
    const { cache, workers, signal } = this.tools;
    const file = await open(cache.part(this.wanted.digest), from === 0 ? 'w+' : 'r+', 0o600);
    try {
      let position = 0;
      const sink = async (block: Uint8Array): Promise<void> => {
        const fresh = block.subarray(Math.min(block.length, Math.max(0, from - position)));
        position += block.length;
        await writeAll(file, fresh, position - fresh.length);
        // What was there before may yet turn out to be wrong, and then all of it comes again.
        if (from === 0) this.growth.reach(position);
      };
      const { sha3_384 } = await workers.hash(this.bytes(file, from), { signal, sink });
      return sha3_384;
    } finally {
      await file.close();
    }
  }

  private async *bytes(file: FileHandle, from: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { store, signal, limits, meter } = this.tools;
    const memory = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, from));
    for (let at = 0; at < from;) {
      const { bytesRead } = await file.read(memory, 0, Math.min(memory.length, from - at), at);
      if (bytesRead === 0) throw new FetchRefusedError(this.wanted.name, 'was cut short in the cache');
      at += bytesRead;
      meter.found(bytesRead);
      yield memory.subarray(0, bytesRead);
    }
    const { url, sizeBytes } = this.wanted;
    for await (const piece of receive(store, { url, sizeBytes, from }, signal, limits)) {
      this.downloaded += piece.length;
      meter.came(piece.length);
      yield piece;
    }
  }
}

/** How far a file can be read, for those who wait for more of it. */
class Growth {
  private readable = 0;
  private failure: { readonly error: unknown } | null = null;
  private waiting: { readonly resolve: () => void }[] = [];

  reach(bytes: number): void {
    this.readable = Math.max(this.readable, bytes);
    this.wake();
  }

  fail(error: unknown): void {
    this.failure ??= { error };
    this.wake();
  }

  /** Resolves with how many bytes can be read, once they are more than these. */
  async beyond(bytes: number): Promise<number> {
    while (this.readable <= bytes) {
      if (this.failure !== null) throw this.failure.error;
      await new Promise<void>((resolve) => this.waiting.push({ resolve }));
    }
    return this.readable;
  }

  private wake(): void {
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }
}

function filledFrom(file: FileHandle, onBytes: (count: number) => void): FillingContent {
  let at = 0;
  return {
    fill: async (memory) => {
      const { bytesRead } = await file.read(memory, 0, memory.length, at);
      at += bytesRead;
      onBytes(bytesRead);
      return bytesRead;
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  return { promise, resolve, reject };
}
