import { Injectable } from '@nestjs/common';

import { AdvisoryLocks } from '../../platform/database/advisory-lock.js';
import { Transaction } from '../../platform/database/transaction.js';
import { type KeyRole, StoreKey } from './store-key.entity.js';

@Injectable()
export class KeyRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
  ) {}

  /** Oldest first. */
  all(): Promise<StoreKey[]> {
    return this.transaction.manager.find(StoreKey, { order: { createdAt: 'ASC', id: 'ASC' } });
  }

  find(id: string): Promise<StoreKey | null> {
    return this.transaction.manager.findOneBy(StoreKey, { id });
  }

  /** The newest where the role may have several. */
  active(role: KeyRole): Promise<StoreKey | null> {
    return this.transaction.manager.findOne(StoreKey, {
      where: { role, state: 'active' },
      order: { createdAt: 'DESC', id: 'ASC' },
    });
  }

  /** Retired ones too, oldest first. @param accountId null for those of all brands */
  ofBrand(accountId: string | null): Promise<StoreKey[]> {
    return this.transaction.manager.find(StoreKey, {
      where: { role: 'brand', ...(accountId === null ? {} : { accountId }) },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
  }

  /** One at a time decides which keys are in use, until the transaction ends. */
  holdForTransaction(): Promise<void> {
    return this.locks.holdForTransaction(this.transaction.manager, 'keys', 'exclusive');
  }

  /** Adds it or, where it is there, replaces what is known of it. */
  async put(key: Omit<StoreKey, 'retiredAt'>): Promise<void> {
    await this.transaction.manager.upsert(StoreKey, { ...key, retiredAt: null }, ['id']);
  }

  async retire(id: string, retiredAt: Date): Promise<void> {
    await this.transaction.manager.update(StoreKey, { id }, { state: 'retired', retiredAt });
  }
}
