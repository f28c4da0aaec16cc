import { Injectable } from '@nestjs/common';

import { Transaction } from '../database/transaction.js';
import { Setting } from './setting.entity.js';
import { storedSettings } from './stored-settings.js';

@Injectable()
export class SettingRepository {
  constructor(private readonly transaction: Transaction) {}

  all(): Promise<Map<string, string>> {
    return storedSettings(this.transaction.manager);
  }

  async put(key: string, value: string): Promise<void> {
    await this.transaction.manager.upsert(Setting, { key, value, updatedAt: () => 'now()' }, ['key']);
  }

  async remove(key: string): Promise<void> {
    await this.transaction.manager.delete(Setting, { key });
  }
}
