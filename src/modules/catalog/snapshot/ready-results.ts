/** The whole result of a plain refresh, as it is sent. */
export interface ReadyResult {
  /** The one that the result offers. */
  readonly revision: number;
  readonly pieces: readonly [Buffer];
}

/** For whom it was made: all that it depends on besides the snap. */
interface Kept extends ReadyResult {
  readonly architecture: string;
  readonly trackingChannel: string;
  readonly baseUrl: string;
}

const MAX_RESULTS = 4;

/**
 * Results of one snap that were sent and will be asked for again. They belong to the snap's entry in the snapshot and go with
 * it, so they need no look-up of their own: on a large catalogue each look-up is a wait for memory. Whoever keeps the entry
 * counts `maxBytes` for them.
 */
export class ReadyResults {
  private readonly results: Kept[] = [];
  private sizeBytes = 0;

  constructor(readonly maxBytes: number) {}

  /** @param trackingChannel as the device wrote it */
  find(architecture: string, trackingChannel: string, baseUrl: string): ReadyResult | null {
    for (const result of this.results) {
      if (
        result.trackingChannel === trackingChannel &&
        result.architecture === architecture &&
        result.baseUrl === baseUrl
      ) {
        return result;
      }
    }
    return null;
  }

  /** Makes room by letting go of what was kept first, unless it is too large by itself. */
  keep(result: Kept): void {
    const { length } = result.pieces[0];
    if (length > this.maxBytes) return;
    while (this.results.length === MAX_RESULTS || this.sizeBytes + length > this.maxBytes) {
      this.sizeBytes -= this.results.shift()?.pieces[0].length ?? 0;
    }
    this.sizeBytes += length;
    this.results.push(result);
  }
}
