/** How far fetching is. */
export interface FetchProgress {
  /** Such as `fetching assertions` or `downloading jq_6.snap`; files that come at the same time are told by the last begun. */
  readonly step: string;
  readonly done: number;
  /** Null where nobody knows. */
  readonly total: number | null;
  readonly unit: 'bytes' | 'items';
  /** Of what comes over the network, lately; null before that can be said. */
  readonly bytesPerSecond: number | null;
  /** Until all bytes are there at that rate; null where that cannot be said. */
  readonly secondsLeft: number | null;
}

export type FetchProgressListener = (progress: FetchProgress) => void;

const REPORT_EVERY_MS = 100;
/** The rate is that of about so long: steady enough to read, quick enough to follow a line that changes. */
const RATE_OVER_MS = 5000;

/** Counts bytes as they come, and says how fast and how long. */
export class FetchMeter {
  private totalBytes = 0;
  private downloadedBytes = 0;
  private foundBytes = 0;
  private step = 'downloading';
  private reportedAt = -Infinity;
  private rate: { readonly atMs: number; readonly bytes: number; readonly perSecond: number | null };

  constructor(
    private readonly listener: FetchProgressListener,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.rate = { atMs: nowMs(), bytes: 0, perSecond: null };
  }

  /** So many more are to come. */
  expect(bytes: number): void {
    this.totalBytes += bytes;
  }

  /** A file begins. */
  begin(name: string): void {
    this.step = `downloading ${name}`;
    this.report(true);
  }

  /** These came from the store. */
  came(bytes: number): void {
    this.downloadedBytes += bytes;
    this.report(false);
  }

  /** These were in the cache. */
  found(bytes: number): void {
    this.foundBytes += bytes;
    this.report(false);
  }

  /** So much turned out to be of no use, and comes again. */
  forget(bytes: number): void {
    this.foundBytes -= bytes;
  }

  /** Packing goes on beside downloading; it is told of only when it is all that is left to wait for. */
  packed(step: string, done: number, total: number): void {
    if (this.downloadedBytes + this.foundBytes < this.totalBytes) return;
    const now = this.nowMs();
    if (step === this.step && now - this.reportedAt < REPORT_EVERY_MS) return;
    this.step = step;
    this.reportedAt = now;
    this.listener({ step, done, total, unit: 'bytes', bytesPerSecond: null, secondsLeft: null });
  }

  private report(isNewStep: boolean): void {
    const now = this.nowMs();
    if (!isNewStep && now - this.reportedAt < REPORT_EVERY_MS) return;
    this.reportedAt = now;
    this.measure(now);
    const { perSecond } = this.rate;
    const done = this.downloadedBytes + this.foundBytes;
    const left = Math.max(0, this.totalBytes - done);
    this.listener({
      step: this.step,
      done,
      total: this.totalBytes,
      unit: 'bytes',
      bytesPerSecond: perSecond === null ? null : Math.round(perSecond),
      secondsLeft: perSecond === null || perSecond < 1 ? null : Math.ceil(left / perSecond),
    });
  }

  private measure(now: number): void {
    const elapsed = now - this.rate.atMs;
    if (elapsed < REPORT_EVERY_MS) return;
    const latest = ((this.downloadedBytes - this.rate.bytes) * 1000) / elapsed;
    const weight = 1 - Math.exp(-elapsed / RATE_OVER_MS);
    const before = this.rate.perSecond;
    const perSecond = before === null ? latest : before + (latest - before) * weight;
    this.rate = { atMs: now, bytes: this.downloadedBytes, perSecond };
  }
}
