import { SquashfsLimitError } from './squashfs-error.js';

const MiB = 1024 * 1024;

/** What one reader may spend on an image, whatever the image says of itself. */
export interface SquashfsLimits {
  /** All that is decompressed or read over the reader's life; the bound on its time as well. */
  readonly totalBytes: number;
  /** The listing of one directory. */
  readonly directoryBytes: number;
  /** Folders inside folders. */
  readonly depth: number;
  /** Files and folders that a walk visits. */
  readonly walkEntries: number;
}

/** Enough for the metadata of any real snap, and a few seconds of work at the very worst. */
export const INSPECTION_LIMITS: SquashfsLimits = {
  totalBytes: 64 * MiB,
  directoryBytes: MiB,
  depth: 64,
  walkEntries: 100_000,
};

/** Counts down what a reader may still spend. */
export class Budget {
  private leftBytes: number;

  constructor(private readonly totalBytes: number) {
    this.leftBytes = totalBytes;
  }

  /** @throws SquashfsLimitError once everything is spent */
  spend(bytes: number): void {
    this.leftBytes -= bytes;
    if (this.leftBytes < 0) {
      throw new SquashfsLimitError(`reading the snap file takes more than ${this.totalBytes} bytes of work`, {
        totalBytes: this.totalBytes,
      });
    }
  }
}
