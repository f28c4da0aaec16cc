import { extract, type Extract } from 'tar-stream';

import { messageOf, StoreError } from '../../kernel/store-error.js';
import { BundleDamagedError, BundleMemberRefusedError, BundleTooLargeError, type BundlePlace } from './errors.js';
import { pump } from './streams.js';
import { headerProblem, pathProblem, type TarHeader, type TarPolicy } from './tar-policy.js';

const BLOCK = 512;

/** A tar archive ends with two blocks of zeros (POSIX, ustar interchange format). */
const END_MARK = 2 * BLOCK;

/** An entry as tar-stream hands it out. */
interface Entry extends AsyncIterable<Uint8Array> {
  readonly header: TarHeader;
}

/** An entry whose header is sound. Its content can be read once, and only until the next entry is asked for. */
export interface TarEntry {
  readonly path: string;
  readonly size: number;
  readonly isFolder: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

export interface TarOptions {
  readonly file: string;
  readonly policy: TarPolicy;
  /** Bytes of tar that may come; `allow` raises it. */
  readonly allowance: number;
  readonly signal: AbortSignal | undefined;
}

/** What a tar of these contents takes at most: headers, padding, end mark, and what tools pad a whole archive with. */
export function tarBytes(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + BLOCK + padded(size), END_MARK + 1024 * 1024);
}

/** Reads a tar stream entry by entry and refuses what has no business in one. Holds no more than a few chunks. */
export class TarReader {
  private readonly extract: Extract;
  private readonly entries: AsyncIterator<Entry>;
  private readonly onAbort = (): void => {
    this.extract.destroy(asError(this.options.signal?.reason));
  };
  private current: { path: string; rest: AsyncIterator<Uint8Array> } | null = null;
  private allowance: number;
  private seen = 0;
  /** Where the content of the last entry ends, padding included. */
  private end = 0;

  constructor(
    bytes: AsyncIterable<Uint8Array>,
    private readonly options: TarOptions,
  ) {
    this.allowance = options.allowance;
    this.extract = extract();
    this.entries = this.extract[Symbol.asyncIterator]() as AsyncIterator<Entry>;
    options.signal?.addEventListener('abort', this.onAbort);
    if (options.signal?.aborted === true) this.onAbort();
    void pump(this.metered(bytes), this.extract);
  }

  /** The file, and the member that is being read. */
  get place(): BundlePlace {
    return { file: this.options.file, member: this.current?.path ?? null };
  }

  /** Lets this many more bytes of tar in, counted from the end of the entry that is being read. */
  allow(bytes: number): void {
    this.allowance = this.end + bytes;
  }

  /**
   * The next entry, or null at the sound end of the archive. What is left of the one before is read and thrown away.
   * @throws BundleDamagedError, BundleMemberRefusedError, BundleTooLargeError
   */
  async next(): Promise<TarEntry | null> {
    while (this.current !== null && (await this.take(this.current.rest)) !== null);
    const entry = await this.guarded(() => this.entries.next());
    if (entry.done === true) {
      if (this.seen - this.end < END_MARK) throw this.cut();
      return null;
    }
    return this.accept(entry.value);
  }

  /** Ends reading, at any moment. Whatever is still asked for fails. */
  close(): void {
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.extract.destroy();
  }

  private accept(entry: Entry): TarEntry {
    const { header } = entry;
    const isFolder = header.type === 'directory';
    const path = this.options.policy === 'tolerant' ? plainPath(header.name, isFolder) : header.name;
    const rest = entry[Symbol.asyncIterator]();
    this.current = { path, rest };
    const start = header.byteOffset ?? NaN;
    const isHere = this.options.policy === 'tolerant' && isFolder && path === '';
    const problem =
      (isHere ? null : pathProblem(path)) ?? headerProblem(header, start - this.end - BLOCK, this.options.policy);
    if (problem !== null) throw new BundleMemberRefusedError(this.place, problem);
    const size = header.size ?? 0;
    this.end = start + padded(size);
    return { path, size, isFolder, content: { [Symbol.asyncIterator]: () => this.contentOf(rest) } };
  }

  /** Has no `return`: a consumer that stops early leaves the archive readable, and `next` reads the rest. */
  private contentOf(rest: AsyncIterator<Uint8Array>): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const value = await this.take(rest);
        return value === null ? { done: true, value: undefined } : { done: false, value };
      },
    };
  }

  private async take(rest: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
    const chunk = await this.guarded(() => rest.next());
    return chunk.done === true ? null : chunk.value;
  }

  private async *metered(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.seen += chunk.length;
      if (this.seen > this.allowance) throw new BundleTooLargeError(this.place, 'more bytes follow than there may be');
      yield chunk;
    }
  }

  private async guarded<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const { signal } = this.options;
      if (signal?.aborted === true) throw asError(signal.reason);
      if (error instanceof StoreError) throw error;
      throw messageOf(error) === 'Unexpected end of data' ? this.cut() : this.damaged(error);
    }
  }

  private cut(): BundleDamagedError {
    return new BundleDamagedError(this.place, 'the tar archive is cut short');
  }

  private damaged(cause: unknown): BundleDamagedError {
    return new BundleDamagedError(this.place, 'what follows is not a tar header: the tar archive is damaged', {
      cause,
    });
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Other tools write `./jq_6.snap` and `folder/`. */
function plainPath(name: string, isFolder: boolean): string {
  const path = name === '.' ? './' : name;
  return path.replace(/^(?:\.\/)+/, '').slice(0, isFolder && path.endsWith('/') && path !== './' ? -1 : undefined);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
