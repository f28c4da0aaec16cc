import { Injectable } from '@nestjs/common';
import { LessThanOrEqual } from 'typeorm';

import { SCHEMA } from '../../../platform/database/data-source.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { Release } from '../entities/release.entity.js';

export type NewRelease = Pick<Release, 'snapId' | 'architecture' | 'channel' | 'revision' | 'origin'> & {
  /** Left out: now. */
  readonly releasedAt?: Date;
  /** Left out: no import decided it. */
  readonly importId?: string | null;
};

/** A change of what a channel holds on an architecture. */
export interface ReleaseChange {
  readonly channel: string;
  readonly architecture: string;
  /** Null where nothing was released there. */
  readonly from: number | null;
  /** Null where it was closed. */
  readonly to: number | null;
  readonly origin: Release['origin'];
  readonly importId: string | null;
  readonly releasedAt: Date;
  readonly at: Date;
}

const INSERT_BATCH = 500;
/** The largest bigint. */
const LAST_ID = '9223372036854775807';

@Injectable()
export class ReleaseRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The newest row of each channel and architecture of a snap, closing ones included. */
  newest(snapId: string): Promise<Release[]> {
    return this.newestQuery().where({ snapId }).getMany();
  }

  /** As `newest` was when the last row was this one. */
  newestUntil(snapId: string, lastId: string): Promise<Release[]> {
    return this.newestQuery()
      .where({ snapId, id: LessThanOrEqual(lastId) })
      .getMany();
  }

  /** As `newest`, of every snap. */
  newestOfAll(): Promise<Release[]> {
    return this.newestQuery().getMany();
  }

  /** Every change of a snap's channels, newest first. Rows that only say again what was so already are none. */
  history(snapId: string, limit: number): Promise<ReleaseChange[]> {
    return this.transaction.manager.query<ReleaseChange[]>(
      `SELECT channel, architecture, "from", "to", origin, import_id AS "importId", released_at AS "releasedAt", added_at AS at
       FROM (SELECT *, revision AS "to",
               lag(revision) OVER (PARTITION BY architecture, channel ORDER BY id) AS "from"
             FROM ${SCHEMA}.release WHERE snap_id = $1) AS decision
       WHERE "to" IS DISTINCT FROM "from" ORDER BY id DESC LIMIT $2`,
      [snapId, limit],
    );
  }

  /**
   * Which revisions have ever been on which channel.
   * @param lastId until this row, where not until now
   */
  past(snapId: string, lastId: string = LAST_ID): Promise<Pick<Release, 'architecture' | 'channel' | 'revision'>[]> {
    return this.transaction.manager
      .createQueryBuilder(Release, 'release')
      .select('release.architecture', 'architecture')
      .addSelect('release.channel', 'channel')
      .addSelect('release.revision', 'revision')
      .distinct()
      .where('release.snap_id = :snapId AND release.revision IS NOT NULL', { snapId })
      .andWhere('release.id <= :lastId', { lastId })
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
