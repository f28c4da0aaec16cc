import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';

import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { DeviceModel } from '../entities/device-model.entity.js';
import { RemodelRule } from '../entities/remodel-rule.entity.js';
import { SerialPolicy } from '../entities/serial-policy.entity.js';

/** The topic of the change feed that says that models or their policies have changed. */
export const MODELS_TOPIC = 'device-models';

const LOCK = 'device models';

/** Models, how their serials are signed, and which may become which. */
@Injectable()
export class ModelRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
    private readonly changes: ChangeFeed,
  ) {}

  /** Changes one after the other, until the transaction ends, and tells all processes of it then. */
  async holdForChange(): Promise<void> {
    await this.locks.holdForTransaction(this.manager, LOCK, 'exclusive');
    await this.changes.announce(MODELS_TOPIC, []);
  }

  models(brandId: string | null): Promise<DeviceModel[]> {
    return this.manager.find(DeviceModel, {
      where: brandId === null ? {} : { brandId },
      order: { brandId: 'ASC', name: 'ASC' },
    });
  }

  model(brandId: string, name: string): Promise<DeviceModel | null> {
    return this.manager.findOneBy(DeviceModel, { brandId, name });
  }

  async putModel(model: DeviceModel): Promise<void> {
    await this.manager.upsert(DeviceModel, model, ['brandId', 'name']);
  }

  async removeModel(brandId: string, name: string): Promise<void> {
    await this.manager.delete(DeviceModel, { brandId, name });
  }

  /** Those that were taken back too, the newest of each model first. */
  policies(brandId: string | null): Promise<SerialPolicy[]> {
    return this.manager.find(SerialPolicy, {
      where: brandId === null ? {} : { brandId },
      order: { brandId: 'ASC', model: 'ASC', revision: 'DESC' },
    });
  }

  policyInForce(brandId: string, model: string): Promise<SerialPolicy | null> {
    return this.manager.findOne(SerialPolicy, {
      where: { brandId, model, removedAt: IsNull() },
      order: { revision: 'DESC' },
    });
  }

  hasPolicies(): Promise<boolean> {
    return this.manager.existsBy(SerialPolicy, { removedAt: IsNull() });
  }

  /** @returns its revision */
  async addPolicy(policy: Omit<SerialPolicy, 'revision' | 'removedAt'>): Promise<number> {
    const { brandId, model } = policy;
    const newest = (await this.manager.maximum(SerialPolicy, 'revision', { brandId, model })) ?? 0;
    await this.manager.insert(SerialPolicy, { ...policy, revision: newest + 1, removedAt: null });
    return newest + 1;
  }

  /** @returns how many were in force */
  async removePolicies(brandId: string, model: string, removedAt: Date): Promise<number> {
    const removed = await this.manager.update(SerialPolicy, { brandId, model, removedAt: IsNull() }, { removedAt });
    return removed.affected ?? 0;
  }

  remodelRules(brandId: string | null): Promise<RemodelRule[]> {
    return this.manager.find(RemodelRule, { where: brandId === null ? {} : { brandId }, order: { id: 'ASC' } });
  }

  /** Whether a device may become one of another model of its brand. */
  mayRemodel(brandId: string, fromModel: string, toModel: string, serial: string): Promise<boolean> {
    const rule = { brandId, fromModel, toModel };
    return this.manager.exists(RemodelRule, {
      where: [
        { ...rule, fromSerial: '' },
        { ...rule, fromSerial: serial },
      ],
    });
  }

  /** Its description replaces the one that such an entry had. */
  async putRemodelRule(rule: Omit<RemodelRule, 'id'>): Promise<RemodelRule> {
    const what = ['brandId', 'fromModel', 'toModel', 'fromSerial'];
    await this.manager.upsert(RemodelRule, rule, what);
    const { brandId, fromModel, toModel, fromSerial } = rule;
    return this.manager.findOneByOrFail(RemodelRule, { brandId, fromModel, toModel, fromSerial });
  }

  /** False where there is none. */
  async removeRemodelRule(id: number): Promise<boolean> {
    return ((await this.manager.delete(RemodelRule, { id })).affected ?? 0) > 0;
  }

  private get manager() {
    return this.transaction.manager;
  }
}
