import { Injectable } from '@nestjs/common';

import { Transaction } from '../database/transaction.js';
import { Setting } from './setting.entity.js';

@Injectable()
export class SettingRepository {
  constructor(private readonly transaction: Transaction) {}

  async all(): Promise<Map<string, string>> {
    const rows = await this.transaction.manager.find(Setting);
    return new Map(rows.map((row) => [row.key, row.value]));
  }

  async put(key: string, value: string): Promise<void> {
    await this.transaction.manager.upsert(Setting, { key, value, updatedAt: () => 'now()' }, ['key']);
  }

  async remove(key: string): Promise<void> {
    await this.transaction.manager.delete(Setting, { key });
  }
}
