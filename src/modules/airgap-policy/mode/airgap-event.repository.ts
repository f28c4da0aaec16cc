import { Injectable } from '@nestjs/common';

import { Transaction } from '../../../platform/database/transaction.js';
import { AirgapEvent } from './airgap-event.entity.js';
import { newestDecision } from './newest-decision.js';

@Injectable()
export class AirgapEventRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The one in force; null while nobody has decided anything. */
  newest(): Promise<Pick<AirgapEvent, 'at' | 'state'> | null> {
    return newestDecision(this.transaction.manager);
  }

  async add(event: Pick<AirgapEvent, 'state' | 'byUser' | 'host'>): Promise<void> {
    await this.transaction.manager.insert(AirgapEvent, event);
  }
}
