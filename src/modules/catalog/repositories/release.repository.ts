import { Injectable } from '@nestjs/common';

import { Transaction } from '../../../platform/database/transaction.js';
import { Release } from '../entities/release.entity.js';

export type NewRelease = Pick<Release, 'snapId' | 'architecture' | 'channel' | 'revision' | 'origin'> & {
  /** Left out: now. */
  readonly releasedAt?: Date;
};

const INSERT_BATCH = 500;

@Injectable()
export class ReleaseRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The newest row of each channel and architecture of a snap, closing ones included. */
  newest(snapId: string): Promise<Release[]> {
    return this.newestQuery().where({ snapId }).getMany();
  }

  /** As `newest`, of every snap. */
  newestOfAll(): Promise<Release[]> {
    return this.newestQuery().getMany();
  }

  /** Every decision about a snap's channels, newest first. */
  history(snapId: string, limit: number): Promise<Release[]> {
    return this.transaction.manager.find(Release, { where: { snapId }, order: { id: 'DESC' }, take: limit });
  }

  /** Which revisions have ever been on which channel. */
  past(snapId: string): Promise<Pick<Release, 'architecture' | 'channel' | 'revision'>[]> {
    return this.transaction.manager
      .createQueryBuilder(Release, 'release')
      .select('release.architecture', 'architecture')
      .addSelect('release.channel', 'channel')
      .addSelect('release.revision', 'revision')
      .distinct()
      .where('release.snap_id = :snapId AND release.revision IS NOT NULL', { snapId })
      .getRawMany();
  }

  async add(releases: readonly NewRelease[]): Promise<void> {
    for (let start = 0; start < releases.length; start += INSERT_BATCH) {
      await this.transaction.manager.insert(Release, releases.slice(start, start + INSERT_BATCH));
    }
  }

  private newestQuery() {
    return this.transaction.manager
      .createQueryBuilder(Release, 'release')
      .distinctOn(['release.snapId', 'release.architecture', 'release.channel'])
      .orderBy('release.snapId')
      .addOrderBy('release.architecture')
      .addOrderBy('release.channel')
      .addOrderBy('release.id', 'DESC');
  }
}
