import { Injectable } from '@nestjs/common';
import { Between, In, IsNull, Not } from 'typeorm';

import { Transaction } from '../../../platform/database/transaction.js';
import type { ReleaseRule } from '../import-report.js';
import { ImportRecord, type ImportState } from './import-record.entity.js';

/** What is written when an import has ended. */
export type EndedImport = Pick<
  ImportRecord,
  | 'state'
  | 'number'
  | 'bundleId'
  | 'releaseRule'
  | 'signer'
  | 'signerName'
  | 'document'
  | 'sha3_384'
  | 'reason'
  | 'finishedAt'
>;

/** An import that has ended, with its report. */
export type ReportedImport = ImportRecord & {
  readonly number: number;
  readonly document: string;
  readonly sha3_384: string;
};

/** The rows of the ledger. */
@Injectable()
export class ImportRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Newest first, without their reports. */
  latest(limit: number): Promise<ImportRecord[]> {
    return this.transaction.manager.find(ImportRecord, { order: { startedAt: 'DESC', id: 'DESC' }, take: limit });
  }

  /** How many imports there are in each state; states without any are absent. */
  async totals(): Promise<ReadonlyMap<ImportState, number>> {
    const rows = await this.transaction.manager
      .createQueryBuilder(ImportRecord, 'record')
      .select('record.state', 'state')
      .addSelect('count(*)', 'count')
      .groupBy('record.state')
      .getRawMany<{ state: ImportState; count: string }>();
    return new Map(rows.map(({ state, count }) => [state, Number(count)]));
  }

  running(): Promise<ImportRecord[]> {
    return this.transaction.manager.findBy(ImportRecord, { state: 'running' });
  }

  find(key: { readonly id: string } | { readonly number: number }): Promise<ImportRecord | null> {
    return this.transaction.manager.findOneBy(ImportRecord, key);
  }

  /** The numbers of imports, by their ids. */
  async numbersOf(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const records = await this.transaction.manager.find(ImportRecord, {
      select: { id: true, number: true },
      where: { id: In([...ids]), number: Not(IsNull()) },
    });
    return new Map(records.map(({ id, number }) => [id, Number(number)]));
  }

  /** The newest import of the bundle that was carried through and released it by this rule. */
  doneOf(bundleId: string, releaseRule: ReleaseRule['rule']): Promise<ImportRecord | null> {
    return this.transaction.manager.findOne(ImportRecord, {
      where: { bundleId, state: 'done', releaseRule },
      order: { finishedAt: 'DESC' },
    });
  }

  /** Those with numbers in this range, in the order of their numbers. */
  reported(from: number, to: number): Promise<ReportedImport[]> {
    return this.transaction.manager
      .createQueryBuilder(ImportRecord, 'record')
      .addSelect('record.document')
      .where({ number: Between(from, to), document: Not(IsNull()) })
      .orderBy('record.number')
      .getMany() as Promise<ReportedImport[]>;
  }

  /** The end of the ledger; null where nothing has ended yet. */
  newest(): Promise<ImportRecord | null> {
    return this.transaction.manager.findOne(ImportRecord, {
      where: { number: Not(IsNull()) },
      order: { number: 'DESC' },
    });
  }

  async start(record: Pick<ImportRecord, 'id' | 'source' | 'byUser' | 'host' | 'startedAt'>): Promise<void> {
    await this.transaction.manager.insert(ImportRecord, { ...record, state: 'running' });
  }

  async end(id: string, ended: EndedImport): Promise<void> {
    await this.transaction.manager.update(ImportRecord, { id, state: 'running' }, ended);
  }
}
