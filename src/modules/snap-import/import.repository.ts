import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';

import { Transaction } from '../../platform/database/transaction.js';
import { ImportRecord } from './import-record.entity.js';
import type { ImportReport } from './import-report.js';

/** The ledger of imports. */
@Injectable()
export class ImportRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Newest first. */
  latest(limit: number): Promise<ImportRecord[]> {
    return this.transaction.manager.find(ImportRecord, { order: { startedAt: 'DESC' }, take: limit });
  }

  running(): Promise<ImportRecord[]> {
    return this.transaction.manager.findBy(ImportRecord, { state: 'running' });
  }

  /** The newest import of the bundle that was carried through. */
  doneOf(bundleId: string): Promise<ImportRecord | null> {
    return this.transaction.manager.findOne(ImportRecord, {
      where: { bundleId, state: 'done' },
      order: { finishedAt: 'DESC' },
    });
  }

  async start(id: string, source: string): Promise<void> {
    await this.transaction.manager.insert(ImportRecord, { id, source, state: 'running', bundleId: null, signer: null });
  }

  /** Part of the transaction that makes the import visible. */
  async finish(id: string, report: ImportReport): Promise<void> {
    await this.transaction.manager.update(
      ImportRecord,
      { id },
      {
        state: 'done',
        bundleId: report.bundleId,
        signer: report.signature.signer,
        report,
        finishedAt: () => 'now()',
      },
    );
  }

  async fail(ids: readonly string[], reason: string): Promise<void> {
    if (ids.length === 0) return;
    await this.transaction.manager.update(
      ImportRecord,
      { id: In([...ids]), state: 'running' },
      { state: 'failed', reason, finishedAt: () => 'now()' },
    );
  }
}
