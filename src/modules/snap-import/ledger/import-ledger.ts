import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { messageOf, StoreError } from '../../../kernel/store-error.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { packageVersion } from '../../../platform/program-version.js';
import type { ImportReceipt, ImportReport } from '../import-report.js';
import { sealDocument, type ImportDocument } from './import-document.js';
import type { ImportRecord } from './import-record.entity.js';
import { ImportRepository } from './import.repository.js';

const LOCK = 'import ledger';
const TOOL = 'snap-store-proxy';
const MAX_NAME = 200;

/** Writes down every import, whether it succeeds or fails, each report bound to the one before it. */
@Injectable()
export class ImportLedger {
  constructor(
    private readonly records: ImportRepository,
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
    private readonly clock: Clock,
  ) {}

  /** @param user who pushed it; null where a program did */
  start(id: string, source: string, user: string | null): Promise<void> {
    const byUser = user?.slice(0, MAX_NAME) ?? null;
    return this.records.start({ id, source, byUser, host: hostname(), startedAt: this.clock.now() });
  }

  running(): Promise<ImportRecord[]> {
    return this.records.running();
  }

  /**
   * Part of the transaction that makes the import visible, and the last of it: whoever ends an import waits from here on until
   * that one has ended.
   */
  async finish(id: string, report: Omit<ImportReport, 'record'>): Promise<ImportReceipt> {
    const receipt = await this.end(id, { outcome: 'done', failure: null, report });
    if (receipt === null) throw new Error(`the ledger has no import ${id} that is running`);
    return receipt;
  }

  /** Where the import is not running any more, somebody has written down its end already, and that stays. */
  async fail(id: string, thrown: unknown): Promise<void> {
    const code = thrown instanceof StoreError ? thrown.code : 'internal-error';
    await this.end(id, { outcome: 'failed', failure: { code, message: messageOf(thrown) }, report: null });
  }

  private end(
    id: string,
    ending: Pick<ImportDocument, 'outcome' | 'failure' | 'report'>,
  ): Promise<ImportReceipt | null> {
    return this.transaction.run(async () => {
      await this.locks.holdForTransaction(this.transaction.manager, LOCK, 'exclusive');
      const record = await this.records.find({ id });
      if (record?.state !== 'running') return null;
      const last = await this.records.newest();
      const number = (last?.number ?? 0) + 1;
      const finishedAt = this.clock.now();
      const { text, sha3_384 } = sealDocument({
        type: 'import-report',
        format: 1,
        number,
        id,
        previous: last?.sha3_384 ?? null,
        startedAt: record.startedAt.toISOString(),
        finishedAt: finishedAt.toISOString(),
        by: { user: record.byUser, host: record.host },
        tool: { name: TOOL, version: packageVersion() },
        file: record.source,
        ...ending,
      });
      await this.records.end(id, {
        state: ending.outcome,
        number,
        bundleId: ending.report?.bundleId ?? null,
        releaseRule: ending.report?.released.rule ?? null,
        signer: ending.report?.signature.signer ?? null,
        signerName: ending.report?.signature.signerName ?? null,
        document: text,
        sha3_384,
        reason: ending.failure?.message ?? null,
        finishedAt,
      });
      return { number, id, sha3_384 };
    });
  }
}
