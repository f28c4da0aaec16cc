import { access, constants } from 'node:fs/promises';

import { runBounded, type ProgramBounds } from './bounded-program.js';
import { DeltaProgramMissingError } from './deltas.errors.js';

/** The guard of an air-gapped store starts it from these places and from nowhere else (platform/egress/programs.ts). */
export const XDELTA3_PLACES = ['/usr/bin/xdelta3', '/usr/local/bin/xdelta3'] as const;

const MIB = 1024 * 1024;
/**
 * How much of the old file is looked at beside each place of the new one. What a snap is made of seldom moves further, and the
 * program takes about 100 MiB more than this.
 */
const MAX_WINDOW_BYTES = 128 * MIB;
const MIN_WINDOW_BYTES = MIB;
const MEMORY_BYTES = 512 * MIB;
/** It goes through 5 MB a second where nothing of the two files is the same. */
const TIME_MS = 30 * 60_000;

/**
 * No look into compressed files and no other program for it (-D, -R), no file names in what comes out (-A), and no second
 * compression (-S none), so that any build of it can read that.
 */
const ENCODE = ['-e', '-c', '-D', '-R', '-A', '-S', 'none'] as const;
const DECODE = ['-d', '-c', '-D', '-R'] as const;

export type DeltaRun = Pick<ProgramBounds, 'signal'>;

/** The program that makes deltas, and applies them. Files that it is given are read by itself. */
export class Xdelta3 {
  constructor(
    private readonly places: readonly string[] = XDELTA3_PLACES,
    private readonly bounds: Omit<ProgramBounds, 'signal'> = { timeMs: TIME_MS, memoryBytes: MEMORY_BYTES },
  ) {}

  /** Null where it is not on this machine. */
  async find(): Promise<string | null> {
    for (const place of this.places) {
      const isThere = await access(place, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return place;
    }
    return null;
  }

  /** What turns the source into the target, piece by piece. @throws DeltaProgramMissingError, and as `runBounded` */
  async *encode(
    source: { readonly path: string; readonly sizeBytes: number },
    target: AsyncIterable<Uint8Array>,
    run: DeltaRun = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    const window = String(Math.min(Math.max(source.sizeBytes, MIN_WINDOW_BYTES), MAX_WINDOW_BYTES));
    yield* runBounded(await this.program(), [...ENCODE, '-B', window, '-s', source.path], target, this.bounded(run));
  }

  /** What the delta makes of the source. @throws as `encode` */
  async *decode(
    source: { readonly path: string },
    delta: AsyncIterable<Uint8Array>,
    run: DeltaRun = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    yield* runBounded(await this.program(), [...DECODE, '-s', source.path], delta, this.bounded(run));
  }

  private async program(): Promise<string> {
    const found = await this.find();
    if (found === null) throw new DeltaProgramMissingError(this.places);
    return found;
  }

  private bounded({ signal }: DeltaRun): ProgramBounds {
    return { ...this.bounds, signal };
  }
}
