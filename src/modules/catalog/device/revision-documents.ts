import { Injectable } from '@nestjs/common';

import { FreshCache } from '../../../platform/cache/fresh-cache.js';
import type { CatalogEntry, ListedRevision } from '../resolution/catalog-entry.js';
import { describeSnap } from '../snapshot/describe-snap.js';
import { EntryLoader } from '../snapshot/entry-loader.js';
import { downloadPath } from './download-path.js';

/** What is asked for all the time lies ready elsewhere (ready-results.ts). */
const MAX_BYTES = 32 * 1024 * 1024;

interface Document {
  /** What it was made from; anything newer makes it stale. */
  readonly entry: CatalogEntry;
  readonly json: Buffer;
}

/**
 * The `snap` object of refresh answers, ready as bytes. They begin after the base URL: whoever sends them puts
 * `SNAP_JSON_START` and the base URL in front.
 */
@Injectable()
export class RevisionDocuments {
  // A document is as fresh as the entry that it was made from.
  private readonly documents = new FreshCache<Document>({
    maxBytes: MAX_BYTES,
    maxEntries: 100_000,
    sizeOf: ({ json }) => json.length + 200,
    isWatched: () => true,
    graceMs: 0,
  });

  constructor(private readonly loader: EntryLoader) {}

  of(entry: CatalogEntry, revision: ListedRevision): Buffer | Promise<Buffer> {
    const key = revision.file;
    const load = (): Promise<Document> => this.make(entry, revision);
    const known = this.documents.get(key, load);
    if (known instanceof Promise) return known.then((made) => this.current(key, made, entry, load));
    return this.current(key, known, entry, load);
  }

  private current(
    key: string,
    document: Document,
    entry: CatalogEntry,
    load: () => Promise<Document>,
  ): Buffer | Promise<Buffer> {
    if (document.entry === entry) return document.json;
    this.documents.forget(key);
    const again = this.documents.get(key, load);
    return again instanceof Promise ? again.then(({ json }) => json) : again.json;
  }

  private async make(entry: CatalogEntry, revision: ListedRevision): Promise<Document> {
    const snapYaml = await this.loader.snapYaml(entry.snapId, revision.revision);
    return { entry, json: Buffer.from(snapJson(entry, revision, snapYaml).slice(SNAP_JSON_START.length)) };
  }
}

export const SNAP_JSON_START = '{"download":{"url":"';

/**
 * Everything that snapd reads of a revision (store/details_v2.go). It overwrites what it finds in snap.yaml with what stands
 * here, so nothing may be missing; a price of any kind would make the snap one that must be bought.
 */
function snapJson(entry: CatalogEntry, revision: ListedRevision, snapYaml: string): string {
  const words = { ...describeSnap(snapYaml), ...entry.metadata };
  return JSON.stringify({
    download: {
      url: downloadPath(entry.snapId, revision.revision),
      size: revision.sizeBytes,
      'sha3-384': revision.sha3_384,
      deltas: [],
    },
    architectures: revision.architectures,
    base: revision.base,
    categories: words.categories ?? [],
    'common-ids': revision.commonIds,
    confinement: revision.confinement,
    contact: words.contact ?? null,
    'created-at': revision.createdAt.toISOString(),
    description: words.description ?? '',
    epoch: revision.epoch,
    integrity: [],
    license: words.license ?? null,
    links: words.links ?? {},
    media: [],
    name: entry.name,
    prices: {},
    private: false,
    publisher: entry.publisher,
    resources: [],
    revision: revision.revision,
    'snap-id': entry.snapId,
    'snap-yaml': snapYaml,
    'store-url': words['store-url'] ?? null,
    summary: words.summary ?? '',
    title: words.title ?? entry.name,
    type: revision.type,
    version: revision.version,
    website: words.website ?? null,
  });
}
