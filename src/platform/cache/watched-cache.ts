import { type Change, type ChangeFeed, EVERYTHING } from '../database/change-feed.js';
import { FreshCache } from './fresh-cache.js';

export interface WatchedCacheOptions<V> {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly sizeOf: (value: V) => number;
  /** What makes all of it stale. */
  readonly isStaleAfter: (change: Change) => boolean;
}

/** How long what is remembered is still trusted while changes cannot be heard of. */
const GRACE_MS = 1_000;

/** What was read from the database, remembered until any process of the store says that it changed it. */
export class WatchedCache<V extends object | string | null> {
  private readonly remembered: FreshCache<V>;
  private listening: Promise<void> | null = null;

  constructor(
    private readonly changes: ChangeFeed,
    private readonly options: WatchedCacheOptions<V>,
  ) {
    const { maxBytes, maxEntries, sizeOf } = options;
    const isWatched = (): boolean => changes.isConnected;
    this.remembered = new FreshCache({ maxBytes, maxEntries, sizeOf, isWatched, graceMs: GRACE_MS });
  }

  /** At once where it is remembered. */
  get(key: string, load: () => Promise<V>): V | Promise<V> {
    return this.remembered.get(key, async () => {
      await this.listen();
      return load();
    });
  }

  /** From before the first thing is remembered, so that no change of it is missed. */
  private listen(): Promise<void> {
    this.listening ??= this.changes.listen((change) => {
      if (change === EVERYTHING || this.options.isStaleAfter(change)) this.remembered.clear();
    });
    return this.listening;
  }
}
