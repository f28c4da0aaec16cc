import { Injectable } from '@nestjs/common';
import { In, MoreThan, type EntityManager } from 'typeorm';

import { ChangeFeed } from '../../platform/database/change-feed.js';
import { Transaction } from '../../platform/database/transaction.js';
import { Blob, type BlobState } from './blob.entity.js';
import type { StoredFile } from './blob-storage.js';

/** The topic of the change feed that carries the digests whose rows changed. */
export const BLOBS_TOPIC = 'blobs';

/** What the database says of blobs. Every change is announced to all processes of the store. */
@Injectable()
export class BlobRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  find(sha3_384Hex: string): Promise<Blob | null> {
    return this.manager.findOneBy(Blob, { sha3_384: sha3_384Hex });
  }

  /** Those of these digests that have a row. */
  async known(sha3_384Hexes: readonly string[]): Promise<Set<string>> {
    const rows = await this.manager.find(Blob, {
      select: { sha3_384: true },
      where: { sha3_384: In([...sha3_384Hexes]) },
    });
    return new Set(rows.map((row) => row.sha3_384));
  }

  /** The next rows in the order of their digests. */
  page(afterSha3_384Hex: string, limit: number): Promise<Blob[]> {
    return this.manager.find(Blob, {
      where: { sha3_384: MoreThan(afterSha3_384Hex) },
      order: { sha3_384: 'ASC' },
      take: limit,
    });
  }

  /** How many blobs there are and how many bytes they have together. */
  async totals(): Promise<{ count: number; sizeBytes: number }> {
    const row = await this.manager
      .createQueryBuilder(Blob, 'blob')
      .select('count(*)', 'count')
      .addSelect('coalesce(sum(blob.sizeBytes), 0)', 'sizeBytes')
      .getRawOne<{ count: string; sizeBytes: string }>();
    return { count: Number(row?.count ?? 0), sizeBytes: Number(row?.sizeBytes ?? 0) };
  }

  /** Records that the content of this file was just proven to have this digest. */
  async putSound(sha3_384Hex: string, file: StoredFile): Promise<void> {
    await this.transaction.run(async () => {
      const proven = { sizeBytes: String(file.sizeBytes), state: 'sound' as const, stamp: file.stamp };
      await this.manager
        .createQueryBuilder()
        .insert()
        .into(Blob)
        .values({ sha3_384: sha3_384Hex, ...proven, verifiedAt: () => 'now()' })
        .orUpdate(['size_bytes', 'state', 'stamp', 'verified_at'], ['sha3_384'])
        .execute();
      await this.changes.announce(BLOBS_TOPIC, [sha3_384Hex]);
    });
  }

  /** Records what re-reading a blob has shown. Does nothing where the row is gone meanwhile. */
  async markVerified(sha3_384Hex: string, state: BlobState, stamp: string): Promise<void> {
    await this.transaction.run(async () => {
      await this.manager.update(Blob, { sha3_384: sha3_384Hex }, { state, stamp, verifiedAt: () => 'now()' });
      await this.changes.announce(BLOBS_TOPIC, [sha3_384Hex]);
    });
  }

  /** Takes the rows away; the files are then orphans, for `Collector.collect` after the transaction. */
  async forget(sha3_384Hexes: readonly string[]): Promise<void> {
    if (sha3_384Hexes.length === 0) return;
    await this.transaction.run(async () => {
      await this.manager.delete(Blob, { sha3_384: In([...sha3_384Hexes]) });
      await this.changes.announce(BLOBS_TOPIC, sha3_384Hexes);
    });
  }

  private get manager(): EntityManager {
    return this.transaction.manager;
  }
}
