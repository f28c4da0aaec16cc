import { Injectable } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import { AdvisoryLocks } from '../../platform/database/advisory-lock.js';
import { Transaction } from '../../platform/database/transaction.js';
import { type HashableContent, type HashedContent, HashWorkers } from '../../platform/hashing/hash-workers.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { BlobReader } from './blob-reader.js';
import { BlobGoneError } from './blobs.errors.js';
import { BlobRepository } from './blob.repository.js';
import { BlobStorage, type OpenFile, type StagedFile } from './blob-storage.js';
import { BLOBS_LOCK, intakeLock } from './locks.js';

export interface ReceiveOptions {
  /** What the content should be, where that is known: a blob that is held already is then not written again. */
  readonly expectedSha3_384Hex?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A blob that was read from start to end. Its content is there to be inspected, and nobody else sees it yet. */
export interface ReceivedBlob extends HashedContent {
  /** The store held this content already, and its copy is sound. */
  readonly wasHeld: boolean;
  /** Whoever opens it closes it. */
  open(): Promise<OpenFile>;
}

/** Opens the door for one import at a time or several, in this process and others. */
@Injectable()
export class BlobIntakes {
  private readonly log: Logger;

  constructor(
    readonly storage: BlobStorage,
    readonly repository: BlobRepository,
    readonly reader: BlobReader,
    readonly workers: HashWorkers,
    readonly locks: AdvisoryLocks,
    readonly transaction: Transaction,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('blobs');
  }

  /**
   * Receives files for as long as the work takes. What it did not publish is thrown away afterwards.
   * @param id names the staging folder, and the lock that keeps the collector out of it
   */
  async with<T>(id: string, work: (intake: BlobIntake) => Promise<T>): Promise<T> {
    const lock = await this.locks.take(intakeLock(id), 'exclusive');
    const intake = new BlobIntake(id, this);
    try {
      return await work(intake);
    } finally {
      await this.tidyUp(intake);
      await lock.release();
    }
  }

  /** Whether the process that works with this intake is still there. */
  async isAlive(id: string): Promise<boolean> {
    const lock = await this.locks.tryTake(intakeLock(id), 'exclusive');
    await lock?.release();
    return lock === null;
  }

  private async tidyUp(intake: BlobIntake): Promise<void> {
    try {
      await intake.discard();
    } catch (error) {
      this.log.warn({ intake: intake.id, reason: messageOf(error) }, 'a staging folder is left for the collector');
    }
  }
}

type Tools = Pick<BlobIntakes, 'storage' | 'repository' | 'reader' | 'workers' | 'locks' | 'transaction'>;

interface Kept {
  readonly sha3_384Hex: string;
  readonly staged: StagedFile | null;
}

/** The files of one import on their way in: received one by one, published together. */
export class BlobIntake {
  private readonly kept = new Map<string, Kept>();

  constructor(
    readonly id: string,
    private readonly tools: Tools,
  ) {}

  /**
   * Reads the source once: hashes it and writes it into the staging folder at the same time. `what` names it in errors.
   * @throws StorageFullError, StorageFailedError, and what the source throws
   */
  async receive(what: string, source: HashableContent, options: ReceiveOptions = {}): Promise<ReceivedBlob> {
    const { expectedSha3_384Hex, signal } = options;
    if (expectedSha3_384Hex !== undefined && (await this.isHeld(expectedSha3_384Hex))) {
      const content = await this.tools.workers.hash(source, { signal });
      // Other content than expected is the caller's to refuse; it was not kept, and cannot be published.
      return this.remember(content, null, content.sha3_384.hex === expectedSha3_384Hex);
    }
    const staged = await this.tools.storage.stage(this.id, what);
    try {
      const content = await this.tools.workers.hash(source, { signal, sink: (block) => staged.write(block) });
      if (await this.isHeld(content.sha3_384.hex)) {
        await staged.discard();
        return this.remember(content, null, true);
      }
      await staged.finish();
      return this.remember(content, staged, false);
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }

  /**
   * Moves what was received under its final names and runs `work`, in one transaction with the blobs' rows. The collector
   * stays away meanwhile. Where this throws, rows and work are undone and the files are orphans for the collector.
   * @throws BlobGoneError, StorageFullError, StorageFailedError, and what `work` throws
   */
  publish<T>(work: () => Promise<T>): Promise<T> {
    return this.tools.transaction.run(async () => {
      await this.tools.locks.holdForTransaction(this.tools.transaction.manager, BLOBS_LOCK, 'shared');
      const known = await this.tools.repository.known([...this.kept.keys()]);
      for (const { sha3_384Hex, staged } of this.kept.values()) {
        const file = staged === null ? await this.tools.storage.stat(sha3_384Hex) : await staged.publish(sha3_384Hex);
        if (file === null) throw new BlobGoneError(sha3_384Hex);
        if (staged !== null || !known.has(sha3_384Hex)) await this.tools.repository.putSound(sha3_384Hex, file);
      }
      return work();
    });
  }

  /** Throws away what was not published. */
  async discard(): Promise<void> {
    for (const { staged } of this.kept.values()) await staged?.discard();
    await this.tools.storage.removeStaging(this.id);
  }

  private async isHeld(sha3_384Hex: string): Promise<boolean> {
    return this.kept.has(sha3_384Hex) || (await this.tools.reader.find(sha3_384Hex)) !== null;
  }

  private remember(content: HashedContent, staged: StagedFile | null, wasHeld: boolean): ReceivedBlob {
    const sha3_384Hex = content.sha3_384.hex;
    const kept = this.kept.get(sha3_384Hex) ?? { sha3_384Hex, staged };
    if (staged !== null || wasHeld) this.kept.set(sha3_384Hex, kept);
    return { ...content, wasHeld, open: () => this.openKept(kept) };
  }

  private async openKept({ sha3_384Hex, staged }: Kept): Promise<OpenFile> {
    const file = staged === null ? await this.tools.storage.open(sha3_384Hex) : await staged.open();
    if (file === null) throw new BlobGoneError(sha3_384Hex);
    return file;
  }
}
