import { Injectable } from '@nestjs/common';

import { FreshCache } from '../../../platform/cache/fresh-cache.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import type { FoundSnap } from './found-snap.js';
import { SearchRepository } from './search.repository.js';

const MAX_BYTES = 128 * 1024 * 1024;
const GRACE_MS = 1_000;

/** Results that were put into words already stay with the snap that they are about: of so many questions. */
const MAX_TOLD = 2;

/** A snap as it is found, with what was told of it lately. */
export class RememberedSnap {
  private readonly told = new Map<string, string>();

  constructor(readonly snap: FoundSnap) {}

  /** @param shape everything that the text depends on beside the snap */
  tell(shape: string, make: () => string): string {
    const known = this.told.get(shape);
    if (known !== undefined) return known;
    if (this.told.size >= MAX_TOLD) this.told.clear();
    const text = make();
    this.told.set(shape, text);
    return text;
  }
}

/** Reads snaps as they are found, those that are asked for at the same time with one query, and remembers them. */
@Injectable()
export class FoundSnaps {
  private readonly remembered: FreshCache<RememberedSnap | null>;
  private batch: Batch | null = null;

  constructor(
    private readonly rows: SearchRepository,
    changes: ChangeFeed,
  ) {
    this.remembered = new FreshCache({
      maxBytes: MAX_BYTES,
      maxEntries: 50_000,
      // Each text that is kept of it has about as much as it is made from.
      sizeOf: (found) => (found === null ? 200 : 500 + (MAX_TOLD + 1) * JSON.stringify(found.snap).length),
      isWatched: () => changes.isConnected,
      graceMs: GRACE_MS,
    });
  }

  /** Null for what is not held any more. */
  get(snapId: string): RememberedSnap | null | Promise<RememberedSnap | null> {
    return this.remembered.get(snapId, () => this.load(snapId));
  }

  forget(snapId: string): void {
    this.remembered.forget(snapId);
  }

  clear(): void {
    this.remembered.clear();
  }

  private async load(snapId: string): Promise<RememberedSnap | null> {
    this.batch ??= this.startBatch();
    this.batch.snapIds.push(snapId);
    const snap = (await this.batch.found).get(snapId);
    return snap === undefined ? null : new RememberedSnap(snap);
  }

  private startBatch(): Batch {
    const snapIds: string[] = [];
    const found = Promise.resolve().then(async () => {
      this.batch = null;
      return new Map((await this.rows.found(snapIds)).map((snap) => [snap.snapId, snap]));
    });
    return { snapIds, found };
  }
}

interface Batch {
  readonly snapIds: string[];
  readonly found: Promise<ReadonlyMap<string, FoundSnap>>;
}
