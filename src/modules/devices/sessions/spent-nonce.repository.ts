import { Injectable } from '@nestjs/common';
import { LessThanOrEqual } from 'typeorm';

import { Transaction } from '../../../platform/database/transaction.js';
import type { ValidNonce } from './nonce.js';
import { SpentNonce } from './spent-nonce.entity.js';

@Injectable()
export class SpentNonceRepository {
  constructor(private readonly transaction: Transaction) {}

  /** True for one caller only, if the transaction that surrounds the call commits. */
  async spend({ id, expiresAt }: ValidNonce): Promise<boolean> {
    const inserted = await this.transaction.manager
      .createQueryBuilder()
      .insert()
      .into(SpentNonce)
      .values({ id, expiresAt })
      .orIgnore()
      .returning('id')
      .execute();
    return (inserted.raw as unknown[]).length > 0;
  }

  /** Forgets those that nobody could use again. @returns how many */
  async purge(now: Date): Promise<number> {
    const removed = await this.transaction.manager.delete(SpentNonce, { expiresAt: LessThanOrEqual(now) });
    return removed.affected ?? 0;
  }
}
