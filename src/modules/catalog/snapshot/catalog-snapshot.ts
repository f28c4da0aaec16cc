import { Injectable } from '@nestjs/common';

import { isSnapId, isSnapName } from '../../../kernel/snap-names.js';
import { FreshCache } from '../../../platform/cache/fresh-cache.js';
import { ChangeFeed, EVERYTHING, type Change } from '../../../platform/database/change-feed.js';
import { ASSERTIONS_TOPIC } from '../../assertions/index.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import type { CatalogEntry } from '../resolution/catalog-entry.js';
import { EntryLoader } from './entry-loader.js';

const MIB = 1024 * 1024;
/** How long what is remembered is still trusted while changes cannot be heard of. */
const GRACE_MS = 1_000;

const SNAP_ID_LENGTH = 32;

/**
 * The catalog as devices see it, in memory: each snap is read when somebody first asks for it, and again when it has changed.
 * Bounded, what does not exist included. A warm look-up runs no query and does not wait.
 */
@Injectable()
export class CatalogSnapshot {
  private readonly entries: FreshCache<CatalogEntry | null>;
  private readonly ids: FreshCache<string | null>;
  private listening: Promise<void> | null = null;

  constructor(
    private readonly loader: EntryLoader,
    private readonly changes: ChangeFeed,
  ) {
    const fresh = { isWatched: () => changes.isConnected, graceMs: GRACE_MS };
    this.entries = new FreshCache({ ...fresh, maxBytes: 240 * MIB, maxEntries: 100_000, sizeOf: sizeOfEntry });
    this.ids = new FreshCache({ ...fresh, maxBytes: 8 * MIB, maxEntries: 50_000, sizeOf: () => 150 });
  }

  /** Null for a name that no held, unrevoked snap has. */
  byName(name: string): CatalogEntry | null | Promise<CatalogEntry | null> {
    if (!isSnapName(name)) return null;
    const id = this.ids.get(name, () => this.loadId(name));
    if (id instanceof Promise) return id.then((found) => this.named(name, found));
    return this.named(name, id);
  }

  byId(snapId: string): CatalogEntry | null | Promise<CatalogEntry | null> {
    if (snapId.length !== SNAP_ID_LENGTH) return null;
    return this.entries.get(snapId, () => this.loadEntry(snapId));
  }

  private named(name: string, snapId: string | null): CatalogEntry | null | Promise<CatalogEntry | null> {
    if (snapId === null) return null;
    const entry = this.byId(snapId);
    // Between the two look-ups the name may have gone to another snap.
    if (entry instanceof Promise) return entry.then((found) => (found?.name === name ? found : null));
    return entry?.name === name ? entry : null;
  }

  private async loadId(name: string): Promise<string | null> {
    await this.listen();
    return this.loader.idOf(name);
  }

  private async loadEntry(snapId: string): Promise<CatalogEntry | null> {
    if (!isSnapId(snapId)) return null;
    await this.listen();
    return this.loader.load(snapId);
  }

  /** From before the first thing is remembered, so that no change of it is missed. */
  private listen(): Promise<void> {
    this.listening ??= this.changes.listen((change) => {
      this.hear(change);
    });
    return this.listening;
  }

  private hear(change: Change): void {
    if (change === EVERYTHING || (change.topic === CATALOG_TOPIC && change.keys.length === 0)) {
      this.entries.clear();
      this.ids.clear();
    } else if (change.topic === CATALOG_TOPIC) {
      for (const snapId of change.keys) this.entries.forget(snapId);
      // Names come and go with the snaps that have them.
      this.ids.clear();
    } else if (change.topic === ASSERTIONS_TOPIC && (change.keys.length === 0 || change.keys.some(isShown))) {
      this.entries.clear();
    }
  }
}

/** An account may publish any snap, and a declaration may revoke one. */
function isShown(assertionId: string): boolean {
  return assertionId.startsWith('account/') || assertionId.startsWith('snap-declaration/');
}

function sizeOfEntry(value: CatalogEntry | null): number {
  if (value === null) return 150;
  const words = JSON.stringify(value.description).length * 2;
  const lists = value.revisions.size * 700 + value.releases.length * 250 + value.past.length * 100;
  const components = (value.components?.size ?? 0) * 500;
  const deltas = (value.deltas?.size ?? 0) * 300;
  const ready = value.refreshes.maxBytes + value.refreshesWithComponents.maxBytes + value.infos.maxBytes;
  return 1_000 + words + lists + components + deltas + ready;
}
