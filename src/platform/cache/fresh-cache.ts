export interface FreshCacheOptions<V> {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly sizeOf: (value: V) => number;
  /** Whether every change is heard of at once; while it is not, what is remembered is loaded again after `graceMs`. */
  readonly isWatched: () => boolean;
  readonly graceMs: number;
}

/** What was asked for lately is passed over that often before something has to go. */
const CHANCES = 64;

interface Remembered<V> {
  readonly value: V;
  readonly loadedAt: number;
  readonly sizeBytes: number;
  /** Since the hand was last here. */
  wasAskedFor: boolean;
}

/**
 * Remembers what was loaded, bounded by bytes and number, until it is said to have changed. Whoever asks for the same thing
 * at the same time waits for one load; a load during which the thing changed is not remembered.
 *
 * What goes first is found by second chance: a hand goes round, passes over what was asked for since it was last there, and takes
 * away the next thing that was not. To keep the exact order of use would cost more than a look-up itself, several waits for
 * memory each on a large cache, and a general cache keeps its values in lists beside its map, which costs one or two more.
 */
export class FreshCache<V extends object | string | null> {
  private readonly remembered = new Map<string, Remembered<V>>();
  private readonly flights = new Map<string, Promise<V>>();
  private hand: Iterator<[string, Remembered<V>]> | null = null;
  private sizeBytes = 0;

  constructor(private readonly options: FreshCacheOptions<V>) {}

  /** At once where it is remembered, so that a warm answer costs no turn of the event loop. */
  get(key: string, load: () => Promise<V>): V | Promise<V> {
    const found = this.remembered.get(key);
    if (
      found !== undefined &&
      (this.options.isWatched() || performance.now() - found.loadedAt < this.options.graceMs)
    ) {
      // Written only where it changes: memory that is only read costs less.
      if (!found.wasAskedFor) found.wasAskedFor = true;
      return found.value;
    }
    return this.flights.get(key) ?? this.fly(key, load);
  }

  forget(key: string): void {
    this.flights.delete(key);
    this.drop(key);
  }

  clear(): void {
    this.flights.clear();
    this.remembered.clear();
    this.hand = null;
    this.sizeBytes = 0;
  }

  private fly(key: string, load: () => Promise<V>): Promise<V> {
    const loadedAt = performance.now();
    const flight = load().then(
      (value) => {
        if (this.land(key, flight)) this.remember(key, value, loadedAt);
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

  private remember(key: string, value: V, loadedAt: number): void {
    this.drop(key);
    const { maxBytes, maxEntries, sizeOf } = this.options;
    const sizeBytes = Math.max(1, Math.min(sizeOf(value), maxBytes));
    while (this.remembered.size > 0 && (this.remembered.size >= maxEntries || this.sizeBytes + sizeBytes > maxBytes)) {
      this.dropOne();
    }
    this.remembered.set(key, { value, loadedAt, sizeBytes, wasAskedFor: false });
    this.sizeBytes += sizeBytes;
  }

  private drop(key: string): void {
    this.sizeBytes -= this.remembered.get(key)?.sizeBytes ?? 0;
    this.remembered.delete(key);
  }

  private dropOne(): void {
    for (let chances = CHANCES; ; chances--) {
      const [key, found] = this.advance();
      if (!found.wasAskedFor || chances === 0) {
        this.drop(key);
        return;
      }
      found.wasAskedFor = false;
    }
  }

  /** Where the hand is next; never to be called when nothing is remembered. */
  private advance(): [string, Remembered<V>] {
    for (;;) {
      this.hand ??= this.remembered.entries();
      const next = this.hand.next();
      if (next.done !== true) return next.value;
      this.hand = null;
    }
  }
}
