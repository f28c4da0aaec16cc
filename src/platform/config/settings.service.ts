import { Injectable } from '@nestjs/common';

import { ChangeFeed } from '../database/change-feed.js';
import { Transaction } from '../database/transaction.js';
import { SettingRepository } from './setting.repository.js';
import { checkSetting, Settings } from './settings.js';

export const SETTINGS_TOPIC = 'settings';

/** Changes the settings that live in the database, and tells every process of the store. */
@Injectable()
export class SettingsService {
  constructor(
    private readonly settings: Settings,
    private readonly repository: SettingRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

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

  /** Takes over what other processes have changed. */
  async reload(): Promise<void> {
    this.settings.replaceStored(await this.repository.all());
  }
}
