import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { SnapNotHeldError } from '../catalog.errors.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import { SnapRepository } from '../repositories/snap.repository.js';
import { architecturesOf, ChannelView } from '../resolution/channel-view.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { CohortKeyInvalidError } from './cohort.errors.js';
import { CohortService, type MadeCohort } from './cohort.service.js';

export interface DescribedCohort {
  readonly name: string;
  readonly madeAt: Date;
  readonly expiresAt: Date;
  /** `ended`: an operator has ended all cohorts of the snap since it was made. */
  readonly state: 'in force' | 'expired' | 'ended';
  /** What devices with the key see. */
  readonly channels: readonly { readonly channel: string; readonly architecture: string; readonly revision: number }[];
}

/** Cohorts, for whoever runs the store. */
@Injectable()
export class CohortDesk {
  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly cohorts: CohortService,
    private readonly snaps: SnapRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
    private readonly clock: Clock,
  ) {}

  /** A key for each snap, or none. @throws SnapNotHeldError */
  async make(names: readonly string[]): Promise<MadeCohort[]> {
    const made: MadeCohort[] = [];
    for (const name of names) {
      const entry = await this.snapshot.byName(name);
      if (entry === null) throw new SnapNotHeldError(name);
      made.push(await this.cohorts.make(entry));
    }
    return made;
  }

  /** @throws CohortKeyInvalidError, SnapNotHeldError where the snap is gone */
  async describe(key: string): Promise<DescribedCohort> {
    const cohort = await this.cohorts.read(key);
    if (cohort === null) throw new CohortKeyInvalidError();
    const { snapId, lastReleaseId, madeAt, expiresAt } = cohort;
    const entry = await this.snapshot.byId(snapId);
    if (entry === null) throw new SnapNotHeldError(snapId);
    const isEnded = entry.cohortsSince !== null && madeAt <= entry.cohortsSince;
    const isExpired = expiresAt <= this.clock.now();
    const source = await this.cohorts.channelsUntil(entry, lastReleaseId);
    const channels = architecturesOf(source).flatMap((architecture) =>
      ChannelView.of(source, architecture)
        .inOrder(source.defaultTrack)
        .map(({ name, revision }) => ({ channel: name, architecture, revision })),
    );
    const state = isEnded ? 'ended' : isExpired ? 'expired' : 'in force';
    return { name: entry.name, madeAt, expiresAt, state, channels };
  }

  /** Ends all cohorts of a snap: the keys that were made until now are as good as expired. @throws SnapNotHeldError */
  end(name: string): Promise<Date> {
    return this.transaction.run(async () => {
      const known = await this.snaps.byName(name);
      const snap = known === null ? null : await this.snaps.lock(known.snapId);
      if (snap === null) throw new SnapNotHeldError(name);
      const cohortsSince = this.clock.now();
      await this.snaps.change(snap.snapId, { cohortsSince });
      await this.changes.announce(CATALOG_TOPIC, [snap.snapId]);
      return cohortsSince;
    });
  }
}
