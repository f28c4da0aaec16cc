import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';

import { Clock } from '../../../kernel/clock.js';
import { messageOf } from '../../../kernel/store-error.js';
import { Settings } from '../../../platform/config/settings.js';
import { SettingsService } from '../../../platform/config/settings.service.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { type Change, ChangeFeed, EVERYTHING } from '../../../platform/database/change-feed.js';
import { LoggerFactory, type Logger } from '../../../platform/logging/logger.js';
import { Collector } from '../../blobs/index.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import { RevisionRepository } from '../repositories/revision.repository.js';
import { DeltaMaker } from './delta-maker.js';
import { DeltaService } from './delta.service.js';
import { deltaRules } from './delta-settings.js';
import { Xdelta3 } from './xdelta3.js';

const INTERVAL = 'deltas';
const LOOK_EVERY_MS = 1_000;
const AFTER_TROUBLE_MS = 60_000;
/** One process of all those of a store works at a time. */
const WORK_LOCK = 'delta work';

/**
 * Makes deltas behind what goes on otherwise: whatever changes in the catalog, those that it asks for are made, and those that it
 * does not ask for any more are removed. Nothing is noted down of work that has begun, so that a process which dies leaves only what the
 * collector takes, and the next one starts anew.
 */
@Injectable()
export class DeltaWorker implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly log: Logger;
  private readonly pending = new Set<string>();
  private isEverythingPending = false;
  private working: Promise<void> | null = null;
  private notBefore = 0;
  private lastTrouble = '';

  constructor(
    private readonly service: DeltaService,
    private readonly maker: DeltaMaker,
    private readonly program: Xdelta3,
    private readonly revisions: RevisionRepository,
    private readonly collector: Collector,
    private readonly settings: Settings,
    private readonly settingsService: SettingsService,
    private readonly changes: ChangeFeed,
    private readonly locks: AdvisoryLocks,
    private readonly scheduler: SchedulerRegistry,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('deltas');
  }

  /** For servers only. A setting that changes takes effect at the next look. */
  async start({ lookEveryMs = LOOK_EVERY_MS }: { readonly lookEveryMs?: number } = {}): Promise<void> {
    if (this.scheduler.doesExist('interval', INTERVAL)) return;
    this.isEverythingPending = true;
    this.settingsService.onChange(() => {
      this.isEverythingPending = true;
      this.notBefore = 0;
    });
    await this.changes.listen((change) => {
      this.hear(change);
    });
    this.scheduler.addInterval(
      INTERVAL,
      setInterval(() => {
        this.working ??= this.look().finally(() => (this.working = null));
      }, lookEveryMs),
    );
  }

  async onModuleDestroy(): Promise<void> {
    if (this.scheduler.doesExist('interval', INTERVAL)) this.scheduler.deleteInterval(INTERVAL);
    this.stopping.abort(new Error('the store is stopping'));
    await this.working;
  }

  private hear(change: Change): void {
    if (change === EVERYTHING || (change.topic === CATALOG_TOPIC && change.keys.length === 0))
      this.isEverythingPending = true;
    else if (change.topic === CATALOG_TOPIC) for (const snapId of change.keys) this.pending.add(snapId);
  }

  private async look(): Promise<void> {
    if (!this.isEverythingPending && this.pending.size === 0) return;
    if (!deltaRules(this.settings).isOn) {
      this.isEverythingPending = false;
      this.pending.clear();
      return;
    }
    if (this.clock.now().getTime() < this.notBefore) return;
    try {
      await this.work();
      this.lastTrouble = '';
    } catch (error) {
      this.complain(messageOf(error));
    }
  }

  private async work(): Promise<void> {
    if ((await this.program.find()) === null) {
      this.complain('xdelta3 is not on this machine; the package of that name brings it');
      return;
    }
    const lock = await this.locks.tryTake(WORK_LOCK, 'exclusive');
    if (lock === null) return;
    try {
      // Of a process that was killed at this work.
      await this.collector.abandonedStagings(false);
      for (const snapId of await this.takePending()) {
        try {
          await this.workOn(snapId);
        } catch (error) {
          this.pending.add(snapId);
          throw error;
        }
      }
    } finally {
      await lock.release();
    }
  }

  /** What comes in from now on is for the next time. */
  private async takePending(): Promise<string[]> {
    const snapIds = this.isEverythingPending ? await this.revisions.snapsWithSeveral() : [...this.pending];
    this.isEverythingPending = false;
    this.pending.clear();
    return snapIds;
  }

  private async workOn(snapId: string): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted || !deltaRules(this.settings).isOn) return;
    const { missing, stale } = await this.service.workOf(snapId);
    await this.service.remove(
      stale.map(({ sourceRevision: source, targetRevision: target }) => ({ snapId, source, target })),
    );
    for (const key of missing) {
      const { maxShare, isOn } = deltaRules(this.settings);
      if (!isOn) return;
      const made = await this.maker.make(snapId, key, { maxShare, isByHand: false, tryAgain: false, signal });
      const { sourceRevision: source, targetRevision: target, state, sizeBytes, reason } = made;
      const bytes = sizeBytes === null ? null : Number(sizeBytes);
      if (state === 'failed') this.log.warn({ snapId, source, target, reason }, 'no delta came of two revisions');
      else this.log.info({ snapId, source, target, state, sizeBytes: bytes }, 'decided about a delta');
    }
  }

  /** Once for each new trouble, and then it is quiet for a while. */
  private complain(reason: string): void {
    if (this.stopping.signal.aborted) return;
    this.notBefore = this.clock.now().getTime() + AFTER_TROUBLE_MS;
    if (reason !== this.lastTrouble) this.log.error({ reason }, 'cannot make deltas; trying again');
    this.lastTrouble = reason;
  }
}
