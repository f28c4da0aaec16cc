import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';

import { Transaction } from '../../../platform/database/transaction.js';
import { Snap } from '../entities/snap.entity.js';

export type SnapFields = Pick<Snap, 'name' | 'publisherId'> &
  Partial<Pick<Snap, 'defaultTrack' | 'chosenTrack' | 'cohortsSince' | 'metadata' | 'hasComponents'>>;

@Injectable()
export class SnapRepository {
  constructor(private readonly transaction: Transaction) {}

  byId(snapId: string): Promise<Snap | null> {
    return this.transaction.manager.findOneBy(Snap, { snapId });
  }

  byName(name: string): Promise<Snap | null> {
    return this.transaction.manager.findOneBy(Snap, { name });
  }

  /** In the order of their names. */
  all(): Promise<Snap[]> {
    return this.transaction.manager.find(Snap, { order: { name: 'ASC' } });
  }

  byIds(snapIds: readonly string[]): Promise<Snap[]> {
    return this.transaction.manager.findBy(Snap, { snapId: In([...snapIds]) });
  }

  /** Lets one transaction at a time decide about a snap; the lock ends with the surrounding transaction. */
  async lock(snapId: string): Promise<Snap | null> {
    return this.transaction.manager.findOne(Snap, { where: { snapId }, lock: { mode: 'pessimistic_write' } });
  }

  /** Adds it unless another transaction has just done so. */
  async add(snapId: string, fields: SnapFields): Promise<void> {
    await this.transaction.manager
      .createQueryBuilder()
      .insert()
      .into(Snap)
      .values({ snapId, ...fields })
      .orIgnore()
      .execute();
  }

  async change(snapId: string, fields: Partial<SnapFields>): Promise<void> {
    await this.transaction.manager.update(Snap, { snapId }, { ...fields, updatedAt: () => 'now()' });
  }

  /** Takes its revisions and releases with it. */
  async remove(snapId: string): Promise<void> {
    await this.transaction.manager.delete(Snap, { snapId });
  }
}
