import { Injectable } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import { ChangeFeed, EVERYTHING } from '../database/change-feed.js';
import { Transaction } from '../database/transaction.js';
import { LoggerFactory, type Logger } from '../logging/logger.js';
import { SettingRepository } from './setting.repository.js';
import { checkSetting, Settings } from './settings.js';

export const SETTINGS_TOPIC = 'settings';

/** Changes the settings that live in the database, and tells every process of the store. */
@Injectable()
export class SettingsService {
  private readonly log: Logger;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly settings: Settings,
    private readonly repository: SettingRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('settings');
  }

  /**
   * Sets all of these or none; null takes a value away.
   * @throws UnknownSettingError, InvalidSettingError
   */
  async change(values: ReadonlyMap<string, string | null>): Promise<void> {
    for (const [key, value] of values) if (value !== null) checkSetting(key, value);
    await this.transaction.run(async () => {
      for (const [key, value] of values) {
        if (value === null) await this.repository.remove(key);
        else await this.repository.put(key, value);
      }
      await this.changes.announce(SETTINGS_TOPIC, [...values.keys()]);
    });
    for (const [key, value] of values) this.settings.changeStored(key, value);
  }

  /** Told each time that settings may have changed, in this process or another, once `follow` was called. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** For as long as this process runs, takes over what any other one changes. */
  async follow(): Promise<void> {
    await this.changes.listen((change) => {
      if (change !== EVERYTHING && change.topic !== SETTINGS_TOPIC) return;
      this.reload().catch((error: unknown) => {
        // What was missed is told again as EVERYTHING when the database is back.
        this.log.warn({ reason: messageOf(error) }, 'changed settings could not be read');
      });
    });
    await this.reload();
  }

  /** Takes over what other processes have changed. */
  async reload(): Promise<void> {
    this.settings.replaceStored(await this.repository.all());
    for (const listener of this.listeners) listener();
  }
}
