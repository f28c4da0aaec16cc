import { Injectable } from '@nestjs/common';

import { AdvisoryLocks } from '../../platform/database/advisory-lock.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { Transaction } from '../../platform/database/transaction.js';
import { BlobRepository } from './blob.repository.js';
import { BlobStorage } from './blob-storage.js';
import { BLOBS_LOCK, intakeLock } from './locks.js';

export interface CollectedBlob {
  readonly sha3_384: string;
  readonly sizeBytes: number;
}

export interface CollectionReport {
  readonly dryRun: boolean;
  /** Files that no row names. */
  readonly blobs: readonly CollectedBlob[];
  readonly freedBytes: number;
  /** Ids of imports that died and left a staging folder. */
  readonly stagings: readonly string[];
}

const BATCH = 500;

/** Removes files that nothing names: of imports that died, and of snaps that were removed. */
@Injectable()
export class Collector {
  private readonly log: Logger;

  constructor(
    private readonly storage: BlobStorage,
    private readonly repository: BlobRepository,
    private readonly locks: AdvisoryLocks,
    private readonly transaction: Transaction,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('blobs');
  }

  /** Finds and removes all orphans. Imports that run meanwhile, here or elsewhere, lose nothing. */
  async collect({ dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<CollectionReport> {
    const orphans = await this.orphans();
    const blobs = dryRun ? await this.describe(orphans) : await this.removeOrphans(orphans);
    const stagings = await this.abandonedStagings(dryRun);
    const freedBytes = sizeOf(blobs);
    if (!dryRun && blobs.length + stagings.length > 0)
      this.log.info({ blobs: blobs.length, freedBytes, stagings: stagings.length }, 'collected what nothing names');
    return { dryRun, blobs, freedBytes, stagings };
  }

  /**
   * Deletes rows and then the files that they needed: `decide` removes what refers to blobs and returns the digests that
   * nothing refers to any more, in one transaction with their rows; the files go after it is committed.
   * @returns how many bytes were freed
   */
  async removing(decide: () => Promise<readonly string[]>): Promise<number> {
    const unused = await this.alone(async () => {
      const digests = await decide();
      await this.repository.forget(digests);
      return digests;
    });
    return sizeOf(await this.removeOrphans(unused));
  }

  /** The digests of files that no row names, those aside that an import is just about to name. */
  async orphans(): Promise<string[]> {
    const candidates: string[] = [];
    let batch: string[] = [];
    for await (const digest of this.storage.list()) {
      if (batch.push(digest) < BATCH) continue;
      candidates.push(...(await this.withoutRow(batch)));
      batch = [];
    }
    candidates.push(...(await this.withoutRow(batch)));
    if (candidates.length === 0) return [];
    return this.alone(async () => (await this.withoutRow(candidates)).sort());
  }

  private async withoutRow(digests: readonly string[]): Promise<string[]> {
    const orphans: string[] = [];
    for (let at = 0; at < digests.length; at += BATCH) {
      const batch = digests.slice(at, at + BATCH);
      const known = await this.repository.known(batch);
      orphans.push(...batch.filter((digest) => !known.has(digest)));
    }
    return orphans;
  }

  private async removeOrphans(candidates: readonly string[]): Promise<CollectedBlob[]> {
    if (candidates.length === 0) return [];
    return this.alone(async () => {
      // What was an orphan a moment ago may have been published meanwhile.
      const described = await this.describe(await this.withoutRow(candidates));
      for (const { sha3_384 } of described) await this.storage.remove(sha3_384);
      return described;
    });
  }

  /** While nobody publishes. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    return this.transaction.run(async () => {
      await this.locks.holdForTransaction(this.transaction.manager, BLOBS_LOCK, 'exclusive');
      return work();
    });
  }

  private async describe(digests: readonly string[]): Promise<CollectedBlob[]> {
    const described: CollectedBlob[] = [];
    for (const sha3_384 of digests) {
      const file = await this.storage.stat(sha3_384);
      if (file !== null) described.push({ sha3_384, sizeBytes: file.sizeBytes });
    }
    return described;
  }

  /** What imports that died have left behind. @returns their ids */
  async abandonedStagings(dryRun: boolean): Promise<string[]> {
    const abandoned: string[] = [];
    for (const id of await this.storage.stagingIds()) {
      const lock = await this.locks.tryTake(intakeLock(id), 'exclusive');
      if (lock === null) continue;
      try {
        if (!dryRun) await this.storage.removeStaging(id);
        abandoned.push(id);
      } finally {
        await lock.release();
      }
    }
    return abandoned.sort();
  }
}

function sizeOf(blobs: readonly CollectedBlob[]): number {
  return blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
