import { Injectable } from '@nestjs/common';

import { ChangeFeed } from '../../platform/database/change-feed.js';
import { Transaction } from '../../platform/database/transaction.js';
import { RevisionConflictError, RevisionNotHeldError, SnapNameTakenError, SnapNotHeldError } from './catalog.errors.js';
import type { ChannelMove } from './channel-move.js';
import { planReleases, type ReleaseOptions, type ReleaseRequest } from './release-plan.js';
import { ReleaseRepository } from './repositories/release.repository.js';
import { RevisionRepository, type NewRevision } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';
import type { SnapMetadata } from './snap-metadata.js';

/** What is announced when a snap, its revisions or its channels have changed; the keys are snap-ids. */
export const CATALOG_TOPIC = 'catalog';

export interface SnapFacts {
  readonly snapId: string;
  /** As the snap-declaration says. */
  readonly name: string;
  /** As the snap-declaration says. */
  readonly publisherId: string;
  /** Absent: what is known stays. */
  readonly defaultTrack?: string | null;
  /** Absent: what is known stays. */
  readonly metadata?: SnapMetadata;
}

/**
 * Brings snaps into the catalog. Each call joins the surrounding transaction, in which it announces what it changed, so
 * that devices see all of a bundle or nothing. Several snaps are written in the order of their snap-ids, because each is
 * locked until the transaction ends.
 */
@Injectable()
export class CatalogWriter {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /**
   * Makes the snap known under the name that its declaration gives it, which may be a new one.
   * @throws SnapNameTakenError where another snap-id holds the name
   */
  ensureSnap(facts: SnapFacts): Promise<'added' | 'changed' | 'unchanged'> {
    const { snapId, name, publisherId, defaultTrack, metadata } = facts;
    const fields = {
      name,
      publisherId,
      ...(defaultTrack === undefined ? {} : { defaultTrack }),
      ...(metadata === undefined ? {} : { metadata }),
    };
    return this.transaction.run(async () => {
      const owner = await this.snaps.byName(name);
      if (owner !== null && owner.snapId !== snapId) throw new SnapNameTakenError(name, snapId, owner.snapId);
      let known = await this.snaps.lock(snapId);
      const isNew = known === null;
      if (known === null) {
        await this.snaps.add(snapId, fields);
        known = await this.snaps.lock(snapId);
        // Nothing was added: another transaction has given the name away in the meantime.
        if (known === null) throw new SnapNameTakenError(name, snapId, 'another snap');
      }
      const isSame =
        known.name === name &&
        known.publisherId === publisherId &&
        (defaultTrack === undefined || known.defaultTrack === defaultTrack) &&
        (metadata === undefined || sameJson(known.metadata, metadata));
      if (!isSame) await this.snaps.change(snapId, fields);
      if (isNew || !isSame) await this.changes.announce(CATALOG_TOPIC, [snapId]);
      if (isNew) return 'added';
      return isSame ? 'unchanged' : 'changed';
    });
  }

  /** The digest (hex) of the file under this revision; null where it is not held. */
  async heldDigest(snapId: string, revision: number): Promise<string | null> {
    return (await this.revisions.find(snapId, revision))?.sha3_384 ?? null;
  }

  /**
   * Adds a revision of a snap that `ensureSnap` has made known. Its blob is held already.
   * @throws SnapNotHeldError, RevisionConflictError where the revision is held with another digest
   */
  addRevision(revision: NewRevision): Promise<'added' | 'unchanged'> {
    return this.transaction.run(async () => {
      const { snapId, revision: number, sha3_384, icon } = revision;
      if ((await this.snaps.lock(snapId)) === null) throw new SnapNotHeldError(snapId);
      const held = await this.revisions.find(snapId, number);
      if (held !== null) {
        if (held.sha3_384 !== sha3_384) throw new RevisionConflictError(snapId, number, held.sha3_384, sha3_384);
        if (held.icon === null && icon !== null) {
          await this.revisions.setIcon(snapId, number, icon);
          await this.changes.announce(CATALOG_TOPIC, [snapId]);
        }
        return 'unchanged';
      }
      await this.revisions.add(revision);
      await this.changes.announce(CATALOG_TOPIC, [snapId]);
      return 'added';
    });
  }

  /**
   * Releases held revisions. With `origin: 'import'` a release made by hand stays where it holds a higher revision, unless
   * the whole map is replaced; channels that are as asked for already get no row.
   * @returns what became of each request, and of each channel that was closed
   * @throws SnapNotHeldError, RevisionNotHeldError
   */
  applyReleases(
    snapId: string,
    requests: readonly ReleaseRequest[],
    options: ReleaseOptions,
  ): Promise<readonly ChannelMove[]> {
    return this.transaction.run(async () => {
      const snap = await this.snaps.lock(snapId);
      if (snap === null) throw new SnapNotHeldError(snapId);
      const held = new Set((await this.revisions.factsOf(snapId)).map(({ revision }) => revision));
      for (const { revision } of requests) {
        if (!held.has(revision)) throw new RevisionNotHeldError(snap.name, revision);
      }
      const plan = planReleases(snap.name, await this.releases.newest(snapId), requests, options);
      if (plan.rows.length > 0) {
        const { importId = null } = options;
        await this.releases.add(plan.rows.map((row) => ({ snapId, importId, ...row })));
        await this.changes.announce(CATALOG_TOPIC, [snapId]);
      }
      return plan.moves;
    });
  }
}

/** Equal as JSON, whatever the order of keys: PostgreSQL's jsonb keeps its own. */
function sameJson(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
