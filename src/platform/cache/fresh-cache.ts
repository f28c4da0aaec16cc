import { LRUCache } from 'lru-cache';

export interface FreshCacheOptions<V> {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly sizeOf: (value: V) => number;
  /** Whether every change is heard of at once; while it is not, what is remembered is loaded again after `graceMs`. */
  readonly isWatched: () => boolean;
  readonly graceMs: number;
}

/** A turn is so many look-ups for each thing that is remembered, and never fewer than for this many. */
const LOOKUPS_EACH = 4;
const FEWEST = 256;

interface Remembered<V> {
  readonly value: V;
  readonly loadedAt: number;
  /** When it was last moved to the front. */
  turn: number;
}

/**
 * Remembers what was loaded, bounded by bytes and number, until it is said to have changed. Whoever asks for the same thing
 * at the same time waits for one load; a load during which the thing changed is not remembered.
 */
export class FreshCache<V extends object> {
  private readonly remembered: LRUCache<string, Remembered<V>>;
  private readonly flights = new Map<string, Promise<V>>();
  private turn = 0;
  private lookupsLeft = LOOKUPS_EACH * FEWEST;

  constructor(private readonly options: FreshCacheOptions<V>) {
    this.remembered = new LRUCache({
      max: options.maxEntries,
      maxSize: options.maxBytes,
      sizeCalculation: ({ value }) => Math.max(1, Math.min(options.sizeOf(value), options.maxBytes)),
    });
  }

  /** At once where it is remembered, so that a warm answer costs no turn of the event loop. */
  get(key: string, load: () => Promise<V>): V | Promise<V> {
    const found = this.remembered.peek(key);
    if (found !== undefined) this.touch(key, found);
    if (
      found !== undefined &&
      (this.options.isWatched() || performance.now() - found.loadedAt < this.options.graceMs)
    ) {
      return found.value;
    }
    return this.flights.get(key) ?? this.fly(key, load);
  }

  forget(key: string): void {
    this.flights.delete(key);
    this.remembered.delete(key);
  }

  clear(): void {
    this.flights.clear();
    this.remembered.clear();
  }

  /**
   * Moves it to the front, once a turn: to keep the exact order of use would cost more than the look-up itself, several waits
   * for memory on a large cache. What is asked for all the time may be let go within a turn in which as much is new as fits; it
   * is loaded again then.
   */
  private touch(key: string, found: Remembered<V>): void {
    this.lookupsLeft -= 1;
    if (this.lookupsLeft === 0) {
      this.turn += 1;
      this.lookupsLeft = LOOKUPS_EACH * Math.max(this.remembered.size, FEWEST);
    }
    if (found.turn === this.turn) return;
    found.turn = this.turn;
    this.remembered.get(key);
  }

  private fly(key: string, load: () => Promise<V>): Promise<V> {
    const loadedAt = performance.now();
    const flight = load().then(
      (value) => {
        if (this.land(key, flight)) this.remembered.set(key, { value, loadedAt, turn: this.turn });
        return value;
      },
      (error: unknown) => {
        this.land(key, flight);
        throw error;
      },
    );
    this.flights.set(key, flight);
    return flight;
  }

  /** False where the key was forgotten while the flight was in the air. */
  private land(key: string, flight: Promise<V>): boolean {
    if (this.flights.get(key) !== flight) return false;
    this.flights.delete(key);
    return true;
  }
}
