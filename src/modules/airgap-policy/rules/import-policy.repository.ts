import { Injectable } from '@nestjs/common';

import { Transaction } from '../../../platform/database/transaction.js';
import { StoredImportPolicy } from './import-policy.entity.js';

@Injectable()
export class ImportPolicyRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The one in force; null while there is none. */
  newest(): Promise<StoredImportPolicy | null> {
    return this.transaction.manager.findOne(StoredImportPolicy, { where: {}, order: { version: 'DESC' } });
  }

  find(version: number): Promise<StoredImportPolicy | null> {
    return this.transaction.manager.findOneBy(StoredImportPolicy, { version });
  }

  /** Newest first. */
  all(): Promise<StoredImportPolicy[]> {
    return this.transaction.manager.find(StoredImportPolicy, { order: { version: 'DESC' } });
  }

  async add({ version, document, setBy }: Pick<StoredImportPolicy, 'version' | 'document' | 'setBy'>): Promise<void> {
    await this.transaction.manager
      .createQueryBuilder()
      .insert()
      .into(StoredImportPolicy)
      .values({ version, document: () => ':document::jsonb', setBy })
      .setParameter('document', JSON.stringify(document))
      .execute();
  }
}
