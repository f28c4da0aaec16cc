import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

import { planImport, type ImportSource } from '../../formats/bundle/index.js';
import type { Channel } from '../../kernel/channel.js';
import { messageOf } from '../../kernel/store-error.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { BlobIntakes, BlobReader, Collector, type BlobIntake } from '../blobs/index.js';
import { AssertionService } from '../assertions/index.js';
import { CarriedFile } from './carried-file.js';
import { HeldContent } from './held-content.js';
import { ImportPolicy } from './import-policy.js';
import { ImportPublisher } from './import-publisher.js';
import { ImportReading, type ImportProgress } from './import-reading.js';
import type { ImportReport } from './import-report.js';
import { ImportOptionError, ImportStoppedError, placed } from './import.errors.js';
import { ImportLedger } from './ledger/import-ledger.js';
import type { ReleaseWish } from './release-requests.js';
import { SignerService } from './signers/signer.service.js';

const PROCESS_ENDED = 'the process that imported it ended before the import did';

export interface ImportOptions {
  /** Verifies everything and says what would change; nothing changes. */
  readonly dryRun?: boolean;
  /** All that the file carries is released here, whatever its channel map says. */
  readonly channel?: Channel | null;
  /** The bundle's channel map replaces that of its snaps. */
  readonly replaceMap?: boolean;
  /** Who pushes it, for the ledger: a user of the operating system. Left out: the program by itself. */
  readonly by?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** Brings what was carried across the gap into the store: verified to the last byte, and then all of it at once. */
@Injectable()
export class ImportService implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<unknown>>();
  private readonly log: Logger;

  constructor(
    private readonly assertions: AssertionService,
    private readonly held: HeldContent,
    private readonly signers: SignerService,
    private readonly policy: ImportPolicy,
    private readonly blobs: BlobReader,
    private readonly intakes: BlobIntakes,
    private readonly collector: Collector,
    private readonly publisher: ImportPublisher,
    private readonly ledger: ImportLedger,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('snap-import');
  }

  /**
   * Imports one file, which is closed afterwards only where it was opened here. Where this throws, nothing of it is visible and pushing it again is safe; where it resolves, all of it
   * is. What was imported before is said to be so, and is no error.
   * @throws BundleError naming file, member and reason; the signal's reason when aborted
   */
  async import(source: ImportSource | CarriedFile, options: ImportOptions = {}): Promise<ImportReport> {
    if (source instanceof CarriedFile) return this.importOpen(source, options);
    const file = await CarriedFile.open(source);
    try {
      return await this.importOpen(file, options);
    } finally {
      await file.close();
    }
  }

  /**
   * Imports what a path stands for: a bundle, a pair, or a folder of them, one after the other; each is a transaction of its
   * own, and the first that is refused ends it.
   */
  async importPath(path: string, options: ImportOptions = {}): Promise<ImportReport[]> {
    const reports: ImportReport[] = [];
    for (const source of (await planImport(path)).sources) reports.push(await this.import(source, options));
    return reports;
  }

  /** No import outlives the services that it works with. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort(new ImportStoppedError('the store is stopping; nothing was imported, push again'));
    await Promise.allSettled(this.running);
  }

  private importOpen(file: CarriedFile, options: ImportOptions): Promise<ImportReport> {
    const run = this.carryIn(file, options).finally(() => this.running.delete(run));
    this.running.add(run);
    return run;
  }

  private async carryIn(file: CarriedFile, options: ImportOptions): Promise<ImportReport> {
    const { dryRun = false, channel = null, replaceMap = false, by = null } = options;
    const wish = { channel, replaceMap };
    const signal = anyOf(this.stopping.signal, options.signal);
    const id = randomUUID();
    let reading: ImportReading | null = null;
    try {
      signal.throwIfAborted();
      checkWish(file, wish);
      await this.tidyUp();
      return await this.intakes.with(id, async (intake) => {
        if (!dryRun) await this.ledger.start(id, file.name, by);
        reading = this.readingOf(file, intake, wish, signal, options);
        const content = await reading.read();
        if (dryRun) return this.publisher.rehearse(file, content, wish);
        const report = await this.publisher.publish(file, content, wish, intake);
        this.log.info({ file: file.name, ...summaryOf(report) }, 'imported');
        return report;
      });
    } catch (thrown) {
      const place = (reading as ImportReading | null)?.place ?? { file: file.path, member: null };
      const error = placed(thrown, place, signal);
      if (!dryRun) await this.recordFailure(id, file, error);
      throw error;
    }
  }

  private readingOf(
    file: CarriedFile,
    intake: BlobIntake,
    { channel, replaceMap }: ReleaseWish,
    signal: AbortSignal,
    { onProgress = () => undefined }: ImportOptions,
  ): ImportReading {
    const { assertions, held, signers, policy, blobs } = this;
    const trustsLedger = channel === null && !replaceMap;
    const tools = { assertions, held, signers, policy, blobs };
    return new ImportReading(tools, file, intake, { signal, onProgress, trustsLedger });
  }

  /** What imports have left behind whose process was killed. */
  private async tidyUp(): Promise<void> {
    await this.collector.abandonedStagings(false);
    for (const { id } of await this.ledger.running())
      if (!(await this.intakes.isAlive(id))) await this.ledger.fail(id, new ImportStoppedError(PROCESS_ENDED));
  }

  /** The ledger is only told; where the database is gone, the row is found dead later. */
  private async recordFailure(id: string, file: CarriedFile, error: unknown): Promise<void> {
    this.log.warn({ file: file.name, reason: messageOf(error) }, 'an import failed; nothing of it is visible');
    try {
      await this.ledger.fail(id, error);
    } catch (failure) {
      this.log.warn({ file: file.name, reason: messageOf(failure) }, 'the ledger could not be told of a failed import');
    }
  }
}

function checkWish(file: CarriedFile, { channel, replaceMap }: ReleaseWish): void {
  const place = { file: file.path, member: null };
  if (replaceMap && channel !== null)
    throw new ImportOptionError(place, 'can be released to one channel or by its channel map, not both');
  if (replaceMap && file.kind === 'pair') throw new ImportOptionError(place, 'carries no channel map to push');
}

function summaryOf({ bundleId, alreadyImported, revisions, releases }: ImportReport): Record<string, unknown> {
  return {
    bundleId,
    alreadyImported,
    added: revisions.filter(({ outcome }) => outcome === 'added').length,
    moved: releases.filter(({ outcome }) => outcome === 'moved').length,
  };
}

function anyOf(stopping: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given === undefined ? stopping : AbortSignal.any([stopping, given]);
}
