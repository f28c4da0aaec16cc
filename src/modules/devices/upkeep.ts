import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';

import { Clock } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/store-error.js';
import { type Logger, LoggerFactory } from '../../platform/logging/logger.js';
import { LastSeen } from './known/last-seen.js';
import { SpentNonceRepository } from './sessions/spent-nonce.repository.js';

const INTERVAL = 'devices upkeep';
const EVERY_MS = 60_000;

/** What is done now and then: writes down when devices were seen, and forgets nonces that nobody could use again. */
@Injectable()
export class DeviceUpkeep implements BeforeApplicationShutdown {
  private readonly log: Logger;
  private running: Promise<void> | null = null;

  constructor(
    private readonly lastSeen: LastSeen,
    private readonly nonces: SpentNonceRepository,
    private readonly scheduler: SchedulerRegistry,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('devices');
  }

  /** For whatever serves devices; a command has nothing to keep up. */
  start(): void {
    if (this.scheduler.doesExist('interval', INTERVAL)) return;
    this.scheduler.addInterval(
      INTERVAL,
      setInterval(() => void this.run(), EVERY_MS),
    );
  }

  /** Never rejects. */
  run(): Promise<void> {
    this.running ??= this.work().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (!this.scheduler.doesExist('interval', INTERVAL)) return;
    this.scheduler.deleteInterval(INTERVAL);
    await this.run();
  }

  private async work(): Promise<void> {
    try {
      await this.lastSeen.flush();
      await this.nonces.purge(this.clock.now());
    } catch (error) {
      this.log.warn({ reason: messageOf(error) }, 'when devices were seen could not be written down');
    }
  }
}
