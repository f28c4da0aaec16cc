import { Injectable } from '@nestjs/common';
import { MoreThanOrEqual, LessThan } from 'typeorm';

import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { Authority } from './entities/authority.entity.js';
import { AuthorityNonce } from './entities/authority-nonce.entity.js';
import { AuthorityOperator } from './entities/authority-operator.entity.js';
import { RegisteredStore } from './entities/registered-store.entity.js';

const THE_ONE = 1;
const LOCK = 'authority';

@Injectable()
export class AuthorityRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
  ) {}

  /** Whatever is decided about operators and stores is decided one after the other, until the transaction ends. */
  async holdForTransaction(): Promise<void> {
    await this.locks.holdForTransaction(this.manager, LOCK, 'exclusive');
  }

  authority(): Promise<Authority | null> {
    return this.manager.findOneBy(Authority, { id: THE_ONE });
  }

  async found(authority: Omit<Authority, 'id'>): Promise<void> {
    await this.manager.insert(Authority, { ...authority, id: THE_ONE });
  }

  operators(): Promise<AuthorityOperator[]> {
    return this.manager.find(AuthorityOperator, { order: { email: 'ASC' } });
  }

  operator(accountId: string): Promise<AuthorityOperator | null> {
    return this.manager.findOneBy(AuthorityOperator, { accountId });
  }

  operatorNamed(email: string): Promise<AuthorityOperator | null> {
    return this.manager.findOneBy(AuthorityOperator, { email });
  }

  async putOperator(operator: AuthorityOperator): Promise<void> {
    await this.manager.upsert(AuthorityOperator, operator, ['accountId']);
  }

  /** True for one caller only: whoever else comes with this step or an earlier one is too late. */
  async takeTotpStep(accountId: string, step: number): Promise<boolean> {
    const taken = await this.manager.update(
      AuthorityOperator,
      { accountId, totpStep: LessThan(String(step)) },
      { totpStep: String(step) },
    );
    return (taken.affected ?? 0) > 0;
  }

  stores(): Promise<RegisteredStore[]> {
    return this.manager.find(RegisteredStore, { order: { registeredAt: 'ASC', storeId: 'ASC' } });
  }

  storeWithKey(keyId: string): Promise<RegisteredStore | null> {
    return this.manager.findOneBy(RegisteredStore, { keyId });
  }

  countStores(operatorId: string): Promise<number> {
    return this.manager.countBy(RegisteredStore, { operatorId });
  }

  async putStore(store: RegisteredStore): Promise<void> {
    await this.manager.upsert(RegisteredStore, store, ['storeId']);
  }

  async addNonce(nonce: AuthorityNonce): Promise<void> {
    await this.manager.insert(AuthorityNonce, nonce);
  }

  /** Those of an account that are left, oldest first, after what has run out was thrown away. */
  async noncesOf(operatorId: string, now: Date): Promise<AuthorityNonce[]> {
    await this.manager.delete(AuthorityNonce, { expiresAt: LessThan(now) });
    return this.manager.find(AuthorityNonce, { where: { operatorId }, order: { expiresAt: 'ASC' } });
  }

  async removeNonce(digest: string): Promise<void> {
    await this.manager.delete(AuthorityNonce, { digest });
  }

  /** True for one caller only. */
  async useNonce(digest: string, operatorId: string, now: Date): Promise<boolean> {
    const used = await this.manager.delete(AuthorityNonce, { digest, operatorId, expiresAt: MoreThanOrEqual(now) });
    return (used.affected ?? 0) > 0;
  }

  private get manager() {
    return this.transaction.manager;
  }
}
