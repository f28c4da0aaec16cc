import { Injectable } from '@nestjs/common';

import { FreshCache } from '../../../platform/cache/fresh-cache.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { type Answer, jsonAnswer } from '../../../platform/http/answer.js';
import { RevisionRepository } from '../repositories/revision.repository.js';
import { SnapRepository } from '../repositories/snap.repository.js';

const GRACE_MS = 1_000;

/** snapd compares it with `==` (store/store.go, Sections). */
const HAL_JSON = 'application/hal+json';

/**
 * The documents that snapd keeps a local copy of, once a day, for completion and "command not found" (snapd:
 * overlord/snapstate/catalogrefresh.go).
 */
@Injectable()
export class CatalogueService {
  private readonly documents: FreshCache<Answer>;
  private listening: Promise<void> | null = null;

  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly changes: ChangeFeed,
  ) {
    this.documents = new FreshCache({
      maxBytes: 64 * 1024 * 1024,
      maxEntries: 1,
      sizeOf: ({ body }) => (Buffer.isBuffer(body) ? body.length : 1_000),
      isWatched: () => changes.isConnected,
      graceMs: GRACE_MS,
    });
  }

  /** There are none here; without an answer snapd would not ask for the names. */
  sections(): Answer {
    return jsonAnswer(200, { _embedded: { 'clickindex:sections': [] } }, { 'content-type': HAL_JSON });
  }

  categories(): Answer {
    return jsonAnswer(200, { categories: [] });
  }

  /** Every held snap by name. snapd reads it token by token: the document starts with these two keys. */
  async names(): Promise<Answer> {
    await this.listen();
    return this.documents.get('names', async () => {
      const [snaps, versions] = await Promise.all([this.snaps.all(), this.revisions.newestVersions()]);
      const entries = snaps.map(({ snapId, name, metadata }) => ({
        package_name: name,
        version: versions.get(snapId) ?? '',
        summary: metadata.summary ?? '',
        title: metadata.title ?? name,
        apps: [],
        aliases: [],
      }));
      return jsonAnswer(200, { _embedded: { 'clickindex:package': entries } }, { 'content-type': HAL_JSON });
    });
  }

  private listen(): Promise<void> {
    this.listening ??= this.changes.listen(() => {
      this.documents.clear();
    });
    return this.listening;
  }
}
