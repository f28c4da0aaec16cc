import { Injectable } from '@nestjs/common';

import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { StoreIdentityRow } from './store-identity.entity.js';

const THE_ONE = 1;

@Injectable()
export class StoreIdentityRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
  ) {}

  find(): Promise<StoreIdentityRow | null> {
    return this.transaction.manager.findOneBy(StoreIdentityRow, { id: THE_ONE });
  }

  /** One at a time decides who the store is, until the transaction ends. */
  holdForTransaction(): Promise<void> {
    return this.locks.holdForTransaction(this.transaction.manager, 'store-identity', 'exclusive');
  }

  async put(identity: Omit<StoreIdentityRow, 'id'>): Promise<void> {
    await this.transaction.manager.upsert(StoreIdentityRow, { ...identity, id: THE_ONE }, ['id']);
  }
}
