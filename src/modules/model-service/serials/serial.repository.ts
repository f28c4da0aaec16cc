import { Injectable } from '@nestjs/common';
import { LessThan, MoreThan } from 'typeorm';

import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { IssuedSerial } from '../entities/issued-serial.entity.js';
import { RegistrationSecret } from '../entities/registration-secret.entity.js';
import { UsedRequestId } from '../entities/used-request-id.entity.js';

const THE_ONE = 1;
const LOCK = 'device serials';

export interface SerialFilter {
  readonly brandId: string | null;
  readonly model: string | null;
}

/** Serials that were given out, and what devices asked for them with. */
@Injectable()
export class SerialRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
  ) {}

  /** One at a time decides who gets which serial, until the transaction ends. */
  async holdForTransaction(): Promise<void> {
    await this.locks.holdForTransaction(this.manager, LOCK, 'exclusive');
  }

  ofKey(brandId: string, model: string, deviceKeyId: string): Promise<IssuedSerial | null> {
    return this.manager.findOneBy(IssuedSerial, { brandId, model, deviceKeyId });
  }

  find(brandId: string, model: string, serial: string): Promise<IssuedSerial | null> {
    return this.manager.findOneBy(IssuedSerial, { brandId, model, serial });
  }

  count(brandId: string, model: string): Promise<number> {
    return this.manager.countBy(IssuedSerial, { brandId, model });
  }

  /** In the order in which they were first given out. @param after an id; those behind it */
  page({ brandId, model }: SerialFilter, after: string, limit: number): Promise<IssuedSerial[]> {
    return this.manager.find(IssuedSerial, {
      where: {
        id: MoreThan(after),
        ...(brandId === null ? {} : { brandId }),
        ...(model === null ? {} : { model }),
      },
      order: { id: 'ASC' },
      take: limit,
    });
  }

  async add(serial: Omit<IssuedSerial, 'id' | 'revokedAt' | 'revokedBy' | 'revokedReason'>): Promise<void> {
    await this.manager.insert(IssuedSerial, serial);
  }

  async update(id: string, changes: Partial<Omit<IssuedSerial, 'id'>>): Promise<void> {
    await this.manager.update(IssuedSerial, { id }, changes);
  }

  requestIdUse(digest: string): Promise<UsedRequestId | null> {
    return this.manager.findOneBy(UsedRequestId, { digest });
  }

  /** Throws away what could not be used again anyway. */
  async addRequestIdUse(use: UsedRequestId, now: Date): Promise<void> {
    await this.manager.delete(UsedRequestId, { expiresAt: LessThan(now) });
    await this.manager.insert(UsedRequestId, use);
  }

  async secret(): Promise<string | null> {
    return (await this.manager.findOneBy(RegistrationSecret, { id: THE_ONE }))?.secret ?? null;
  }

  /** Does nothing where there is one. */
  async addSecret(secret: string): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .insert()
      .into(RegistrationSecret)
      .values({ id: THE_ONE, secret })
      .orIgnore()
      .execute();
  }

  private get manager() {
    return this.transaction.manager;
  }
}
