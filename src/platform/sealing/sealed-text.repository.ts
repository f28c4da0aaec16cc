import { Injectable } from '@nestjs/common';

import { SCHEMA } from '../database/data-source.js';
import { Transaction } from '../database/transaction.js';
import { parseSealedText } from './sealed-text.js';

/** One place in the database that holds a sealed text. */
export interface StoredSealedText {
  readonly table: string;
  readonly column: string;
  /** The row, for as long as the transaction lasts. */
  readonly row: string;
  readonly text: string;
}

/** Sealed texts, whichever room keeps them: they are found by their form, so that none can be forgotten. */
@Injectable()
export class SealedTextRepository {
  constructor(private readonly transaction: Transaction) {}

  all(): Promise<StoredSealedText[]> {
    return this.find('');
  }

  /** Under which key one of them is sealed; null where nothing is. */
  async someKeyId(): Promise<string | null> {
    const [first] = await this.all();
    return first === undefined ? null : (parseSealedText(first.text)?.keyId ?? null);
  }

  /** All of them; nobody else changes them until the transaction ends. */
  allForUpdate(): Promise<StoredSealedText[]> {
    return this.find('FOR UPDATE');
  }

  /** In the transaction that found it. */
  async replace({ table, column, row }: StoredSealedText, text: string): Promise<void> {
    await this.transaction.manager.query(`UPDATE "${SCHEMA}"."${table}" SET "${column}" = $1 WHERE ctid = $2::tid`, [
      text,
      row,
    ]);
  }

  private async find(lock: '' | 'FOR UPDATE'): Promise<StoredSealedText[]> {
    const { manager } = this.transaction;
    const columns = await manager.query<{ table: string; column: string }[]>(
      `SELECT c.table_name AS "table", c.column_name AS "column" FROM information_schema.columns c
       JOIN information_schema.tables t USING (table_schema, table_name)
       WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE' AND c.data_type = 'text' ORDER BY 1, 2`,
      [SCHEMA],
    );
    const found: StoredSealedText[] = [];
    for (const { table, column } of columns) {
      const rows = await manager.query<{ row: string; text: string }[]>(
        `SELECT ctid::text AS "row", "${column}" AS "text" FROM "${SCHEMA}"."${table}"
         WHERE "${column}" LIKE 'sealed-v1:%' ${lock}`,
      );
      found.push(...rows.map(({ row, text }) => ({ table, column, row, text })));
    }
    return found;
  }
}
