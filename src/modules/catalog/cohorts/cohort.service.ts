import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { FreshCache } from '../../../platform/cache/fresh-cache.js';
import { Settings } from '../../../platform/config/settings.js';
import { isLater } from '../releases-in-force.js';
import { ReleaseRepository } from '../repositories/release.repository.js';
import { type CatalogEntry, type ChannelSource, pastReleases } from '../resolution/catalog-entry.js';
import { type Cohort, decodeCohortKey, encodeCohortKey } from './cohort-key.js';
import { CohortKeyExpiredError, CohortKeyInvalidError } from './cohort.errors.js';
import { CohortSecret } from './cohort-secret.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const MAX_BYTES = 16 * 1024 * 1024;

export interface MadeCohort {
  readonly name: string;
  readonly key: string;
  readonly expiresAt: Date;
}

/** The channels of a snap as they were once. */
interface Kept {
  /** What it was made from; anything newer makes it stale. */
  readonly entry: CatalogEntry;
  readonly source: ChannelSource;
}

/**
 * Groups of devices that see the channels of a snap as they were at one time, so that all of them get the same revision, whenever
 * each asks. All that there is of a cohort is its key, which the devices keep.
 */
@Injectable()
export class CohortService {
  private readonly kept = new FreshCache<Kept>({
    maxBytes: MAX_BYTES,
    maxEntries: 20_000,
    sizeOf: ({ source }) => 1_000 + source.releases.length * 400 + source.past.length * 100,
    // It is as fresh as the entry that it was made from.
    isWatched: () => true,
    graceMs: 0,
  });

  constructor(
    private readonly releases: ReleaseRepository,
    private readonly secret: CohortSecret,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /** A key for the channels as they are now. The same question again gives another key, for the same channels. */
  async make({ snapId, name, releases }: CatalogEntry): Promise<MadeCohort> {
    const lastReleaseId = releases.reduce((last, row) => (isLater(row, { id: last }) ? row.id : last), '0');
    const cohort = { snapId, lastReleaseId, madeAt: this.clock.now() };
    return {
      name,
      key: encodeCohortKey(cohort, await this.secret.orNew()),
      expiresAt: this.expiryOf(cohort),
    };
  }

  /** What a key stands for, expired or not; null where this store has not made it. */
  async read(key: string): Promise<(Cohort & { readonly expiresAt: Date }) | null> {
    const secret = await this.secret.current();
    const cohort = secret === null ? null : decodeCohortKey(key, secret);
    return cohort === null ? null : { ...cohort, expiresAt: this.expiryOf(cohort) };
  }

  /**
   * The channels of the snap as devices with this key see them.
   * @throws CohortKeyInvalidError, CohortKeyExpiredError
   */
  async channelsOf(entry: CatalogEntry, key: string): Promise<ChannelSource> {
    const cohort = await this.read(key);
    if (cohort?.snapId !== entry.snapId) throw new CohortKeyInvalidError(entry.name);
    const { cohortsSince } = entry;
    if (cohortsSince !== null && cohort.madeAt <= cohortsSince)
      throw new CohortKeyExpiredError(entry.name, cohortsSince);
    if (cohort.expiresAt <= this.clock.now()) throw new CohortKeyExpiredError(entry.name, cohort.expiresAt);
    return this.channelsUntil(entry, cohort.lastReleaseId);
  }

  /** The channels as they were when this was the last decision about them. */
  async channelsUntil(entry: CatalogEntry, lastReleaseId: string): Promise<ChannelSource> {
    if (!entry.releases.some((row) => isLater(row, { id: lastReleaseId }))) return entry;
    const name = `${entry.snapId} ${lastReleaseId}`;
    const load = (): Promise<Kept> => this.load(entry, lastReleaseId);
    const known = await this.kept.get(name, load);
    if (known.entry === entry) return known.source;
    this.kept.forget(name);
    return (await this.kept.get(name, load)).source;
  }

  private async load(entry: CatalogEntry, lastReleaseId: string): Promise<Kept> {
    const { snapId, defaultTrack, revisions } = entry;
    const [releases, past] = await Promise.all([
      this.releases.newestUntil(snapId, lastReleaseId),
      entry.past.length === 0 ? [] : this.releases.past(snapId, lastReleaseId),
    ]);
    return { entry, source: { defaultTrack, revisions, releases, past: pastReleases(past) } };
  }

  private expiryOf({ madeAt }: Cohort): Date {
    return new Date(madeAt.getTime() + Number(this.settings.get('proxy.cohorts.expire-days')) * DAY_MS);
  }
}
