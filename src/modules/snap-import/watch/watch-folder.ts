import { join } from 'node:path';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';

import { Clock } from '../../../kernel/clock.js';
import { messageOf, StoreError } from '../../../kernel/store-error.js';
import { Settings } from '../../../platform/config/settings.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { LoggerFactory, type Logger } from '../../../platform/logging/logger.js';
import { ImportService } from '../import.service.js';
import { Outbox } from './outbox.js';
import { Settling } from './settling.js';
import { loneAssertions, loneParts, watchedEntries, type WatchedEntry } from './watched-entries.js';

export const WATCH_SETTING = 'proxy.import.watch';
const INTERVAL = 'snap-import watch';
const LOOK_EVERY_MS = 1_000;
/** One process of all those of a store imports from the folder. */
const WATCH_LOCK = 'import watch';
/** What is wrong with the store and not with the file: the file stays and is tried again. */
const NOT_THE_FILES_FAULT = new Set(['database-lost', 'database-unreachable', 'import-stopped', 'hash-worker-lost']);

export interface WatchTiming {
  readonly lookEveryMs?: number;
  readonly settleMs?: number;
}

/**
 * Imports by itself from the folder that `proxy.import.watch` names, one file after the other, and moves what it is done
 * with to `done/` or `failed/` in it. A file is moved only after its import has ended; if the process dies in between it is
 * imported again, which changes nothing.
 */
@Injectable()
export class WatchFolder implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly log: Logger;
  private settling = new Settling();
  private watched: string | null = null;
  private looking: Promise<void> = Promise.resolve();
  private isLooking = false;
  private lastTrouble = '';

  constructor(
    private readonly imports: ImportService,
    private readonly settings: Settings,
    private readonly locks: AdvisoryLocks,
    private readonly scheduler: SchedulerRegistry,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('import-watch');
  }

  /** For servers only: commands import what they are told to. A setting that changes takes effect at the next look. */
  start({ lookEveryMs = LOOK_EVERY_MS, settleMs }: WatchTiming = {}): void {
    if (this.scheduler.doesExist('interval', INTERVAL)) return;
    this.settling = new Settling(settleMs);
    this.scheduler.addInterval(
      INTERVAL,
      setInterval(() => {
        this.looking = this.isLooking ? this.looking : this.look();
      }, lookEveryMs),
    );
  }

  async onModuleDestroy(): Promise<void> {
    if (this.scheduler.doesExist('interval', INTERVAL)) this.scheduler.deleteInterval(INTERVAL);
    this.stopping.abort();
    await this.looking;
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    try {
      await this.importSettled();
      this.lastTrouble = '';
    } catch (error) {
      this.complain(error);
    } finally {
      this.isLooking = false;
    }
  }

  private async importSettled(): Promise<void> {
    const folder = this.settings.get(WATCH_SETTING);
    if (folder !== this.watched) this.turnTo(folder);
    if (folder === null) return;
    const settled = this.settling.look(await watchedEntries(folder), this.clock.now().getTime());
    const outbox = new Outbox(folder);
    for (const assertions of await loneAssertions(folder))
      await outbox.follow(assertions, assertions.replace(/\.assert$/, '.snap'));
    for (const { part, first } of await loneParts(folder)) await outbox.follow(part, first);
    if (settled.length === 0) return;
    const lock = await this.locks.tryTake(WATCH_LOCK, 'exclusive');
    if (lock === null) return;
    try {
      for (const entry of settled) {
        if (this.stopping.signal.aborted || this.settings.get(WATCH_SETTING) !== folder) return;
        await this.importOne(folder, entry, outbox);
      }
    } finally {
      await lock.release();
    }
  }

  private async importOne(folder: string, entry: WatchedEntry, outbox: Outbox): Promise<void> {
    await outbox.prepare();
    const startedAt = this.clock.now();
    try {
      const signal = this.stopping.signal;
      const [report] = await this.imports.importPath(join(folder, entry.name), { signal });
      await outbox.put('done', entry.files, { ...this.times(startedAt), report });
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      const { code = 'internal-error', details = {} } = error instanceof StoreError ? error : {};
      if (NOT_THE_FILES_FAULT.has(code)) throw error;
      const refusal = { code, message: messageOf(error), details };
      await outbox.put('failed', entry.files, { ...this.times(startedAt), error: refusal });
    }
  }

  private times(startedAt: Date): { startedAt: string; finishedAt: string } {
    return { startedAt: startedAt.toISOString(), finishedAt: this.clock.now().toISOString() };
  }

  private turnTo(folder: string | null): void {
    this.watched = folder;
    if (folder !== null) this.log.info({ folder }, 'importing from this folder');
    else this.log.info({}, 'not importing from any folder');
  }

  /** Once for each new trouble, not once a second. */
  private complain(error: unknown): void {
    const reason = messageOf(error);
    if (reason === this.lastTrouble || this.stopping.signal.aborted) return;
    this.lastTrouble = reason;
    this.log.error({ folder: this.watched, reason }, 'cannot import from the watched folder; trying again');
  }
}
