import type { WatchedEntry } from './watched-entries.js';

/** How long nothing may have happened to a file before it counts as complete. */
export const SETTLE_MS = 3_000;

interface Seen {
  readonly fingerprint: string;
  readonly sinceMs: number;
}

/**
 * Tells files that are complete from those that are still being copied: nothing has changed since the last look, and that
 * for a while, by the file's own times or by ours where those lie in the future or in the past.
 */
export class Settling {
  private seen = new Map<string, Seen>();

  constructor(private readonly settleMs = SETTLE_MS) {}

  /** Those of the entries that are settled. Every entry of the folder is to be given at every look. */
  look(entries: readonly WatchedEntry[], nowMs: number): WatchedEntry[] {
    const before = this.seen;
    this.seen = new Map();
    return entries.filter((entry) => {
      const last = before.get(entry.name);
      const isSame = last?.fingerprint === entry.fingerprint;
      const sinceMs = isSame ? last.sinceMs : nowMs;
      this.seen.set(entry.name, { fingerprint: entry.fingerprint, sinceMs });
      return isSame && (nowMs - entry.changedAtMs >= this.settleMs || nowMs - sinceMs >= this.settleMs);
    });
  }
}
