import { Injectable } from '@nestjs/common';

import { Transaction } from '../../../platform/database/transaction.js';
import { BundleSigner } from './bundle-signer.entity.js';

@Injectable()
export class BundleSignerRepository {
  constructor(private readonly transaction: Transaction) {}

  all(): Promise<BundleSigner[]> {
    return this.transaction.manager.find(BundleSigner, { order: { addedAt: 'ASC', keyId: 'ASC' } });
  }

  find(keyId: string): Promise<BundleSigner | null> {
    return this.transaction.manager.findOneBy(BundleSigner, { keyId });
  }

  /** False where the signer was known already. */
  async add(signer: Pick<BundleSigner, 'keyId' | 'publicKey' | 'name'>): Promise<boolean> {
    const added = await this.transaction.manager
      .createQueryBuilder()
      .insert()
      .into(BundleSigner)
      .values(signer)
      .orIgnore()
      .returning('key_id')
      .execute();
    return (added.raw as unknown[]).length > 0;
  }

  async remove(keyId: string): Promise<boolean> {
    const removed = await this.transaction.manager.delete(BundleSigner, { keyId });
    return (removed.affected ?? 0) > 0;
  }
}
