import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { DEVICES_TOPIC } from '../known/device.repository.js';
import { SnapRestriction } from './snap-restriction.entity.js';

@Injectable()
export class SnapRestrictionRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  all(): Promise<SnapRestriction[]> {
    return this.manager.find(SnapRestriction, { order: { name: 'ASC', snapId: 'ASC', brandId: 'ASC', model: 'ASC' } });
  }

  of(name: string): Promise<SnapRestriction[]> {
    return this.manager.find(SnapRestriction, { where: { name }, order: { brandId: 'ASC', model: 'ASC' } });
  }

  async add(restriction: SnapRestriction): Promise<void> {
    await this.manager.createQueryBuilder().insert().into(SnapRestriction).values(restriction).orIgnore().execute();
    await this.changes.announce(DEVICES_TOPIC, []);
  }

  /** @returns whether there was anything of the kind */
  async remove(name: string, brandId?: string, model?: string): Promise<boolean> {
    const part = { ...(brandId === undefined ? {} : { brandId }), ...(model === undefined ? {} : { model }) };
    const removed = await this.manager.delete(SnapRestriction, { name, ...part });
    await this.changes.announce(DEVICES_TOPIC, []);
    return (removed.affected ?? 0) > 0;
  }

  private get manager(): EntityManager {
    return this.transaction.manager;
  }
}
