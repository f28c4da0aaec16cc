import { Readable } from 'node:stream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { ChangeFeed, EVERYTHING } from '../../platform/database/change-feed.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { BlobChangedError } from './blobs.errors.js';
import { BlobProver } from './blob-prover.js';
import { BLOBS_TOPIC, BlobRepository } from './blob.repository.js';
import { BlobStorage, type OpenFile, type ReadRange } from './blob-storage.js';

/** A blob whose content is known to be what its digest says. */
export interface ServableBlob {
  /** Lowercase hex. */
  readonly sha3_384: string;
  readonly sizeBytes: number;
  /**
   * Opens the file, which the caller closes.
   * @throws BlobChangedError if it is no longer the one that was checked
   */
  open(): Promise<OpenFile>;
  /** As `open`, for whoever wants all of it: pieces of at most 1 MiB. Destroying the stream closes the file. */
  createReadStream(range?: ReadRange): Readable;
}

interface Proven {
  readonly sizeBytes: number;
  readonly stamp: string;
}

const REMEMBERED = 20_000;

/**
 * Finds blobs to serve. A file that does not look as it did when its content was last proven is read again in full before
 * a byte of it is served; if it is not what its digest says, it is marked as damaged and is as good as not there.
 */
@Injectable()
export class BlobReader implements OnModuleInit {
  private readonly proven = new LRUCache<string, Proven>({ max: REMEMBERED });
  /** Counts what was heard of changes, so that what was read before one is not remembered after it. */
  private changesHeard = 0;
  private readonly log: Logger;

  constructor(
    private readonly storage: BlobStorage,
    private readonly repository: BlobRepository,
    private readonly prover: BlobProver,
    private readonly changes: ChangeFeed,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('blobs');
  }

  async onModuleInit(): Promise<void> {
    await this.changes.listen((change) => {
      if (change === EVERYTHING || change.topic === BLOBS_TOPIC) this.changesHeard++;
      if (change === EVERYTHING || (change.topic === BLOBS_TOPIC && change.keys.length === 0)) this.proven.clear();
      else if (change.topic === BLOBS_TOPIC) for (const key of change.keys) this.proven.delete(key);
    });
  }

  /** Null for what the store does not hold, or holds only in part or damaged. */
  async find(sha3_384Hex: string): Promise<ServableBlob | null> {
    const heard = this.changesHeard;
    const remembered = this.changes.isConnected ? this.proven.get(sha3_384Hex) : undefined;
    const proven = remembered ?? (await this.soundRow(sha3_384Hex));
    if (proven === null) return null;
    const file = await this.storage.stat(sha3_384Hex);
    if (file === null) {
      this.log.error({ blob: sha3_384Hex }, 'the file of a blob is missing; verify-store tells what else is');
      return null;
    }
    if (file.stamp === proven.stamp) {
      if (heard === this.changesHeard) this.proven.set(sha3_384Hex, proven);
      return this.servable(sha3_384Hex, proven);
    }
    this.log.warn({ blob: sha3_384Hex }, 'a blob was touched from outside; reading it again before it is served');
    const outcome = await this.prover.prove(sha3_384Hex, proven.sizeBytes);
    if (outcome.state !== 'sound') return null;
    return this.servable(sha3_384Hex, { sizeBytes: proven.sizeBytes, stamp: outcome.stamp });
  }

  private async soundRow(sha3_384Hex: string): Promise<Proven | null> {
    const row = await this.repository.find(sha3_384Hex);
    return row?.state === 'sound' ? { sizeBytes: Number(row.sizeBytes), stamp: row.stamp } : null;
  }

  private servable(sha3_384Hex: string, proven: Proven): ServableBlob {
    return {
      sha3_384: sha3_384Hex,
      sizeBytes: proven.sizeBytes,
      open: () => this.openSame(sha3_384Hex, proven.stamp),
      createReadStream: (range = {}) =>
        Readable.from(this.chunks(sha3_384Hex, proven.stamp, range), { objectMode: false, highWaterMark: 1 }),
    };
  }

  private async openSame(sha3_384Hex: string, stamp: string): Promise<OpenFile> {
    const file = await this.storage.open(sha3_384Hex);
    if (file?.stamp === stamp) return file;
    await file?.close();
    throw new BlobChangedError(sha3_384Hex);
  }

  private async *chunks(sha3_384Hex: string, stamp: string, range: ReadRange): AsyncGenerator<Buffer> {
    const file = await this.openSame(sha3_384Hex, stamp);
    try {
      yield* file.chunks(range);
    } finally {
      await file.close();
    }
  }
}
