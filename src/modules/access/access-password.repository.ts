import { Injectable } from '@nestjs/common';

import { Transaction } from '../../platform/database/transaction.js';
import { StoredAccessPassword } from './access-password.entity.js';

const ONLY = 1;

@Injectable()
export class AccessPasswordRepository {
  constructor(private readonly transaction: Transaction) {}

  async find(): Promise<string | null> {
    const stored = await this.transaction.manager.findOneBy(StoredAccessPassword, { id: ONLY });
    return stored?.phc ?? null;
  }

  async put(phc: string): Promise<void> {
    await this.transaction.manager.upsert(StoredAccessPassword, { id: ONLY, phc, changedAt: () => 'now()' }, ['id']);
  }
}
