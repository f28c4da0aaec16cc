import { messageOf, StoreError } from '../../kernel/store-error.js';
import type { Logger } from '../logging/logger.js';
import { coversAll, countRows, isEmpty, type TableCounts } from './contents.js';
import type { SchemaParts } from './data-source.js';
import { Database } from './database.js';
import { hasDatabase } from './presence.js';

/** Pointing the store at another database would leave behind what the present one holds. */
export class DatabaseHoldsDataError extends StoreError {
  readonly code = 'database-holds-data';

  constructor(present: string, rows: number) {
    super(`the present database (${present}) holds data, ${rows} rows, that the new one lacks`, { present, rows });
  }
}

export interface DatabaseMove {
  readonly dataDir: string;
  /** Null is the embedded database of the data folder. */
  readonly from: string | null;
  readonly to: string | null;
  readonly schema: SchemaParts;
  readonly logger: Logger;
}

/**
 * Checks that nothing is left behind when the store is pointed at another database: the present one is empty, or the other
 * one holds at least as much in every table. A present one that cannot be reached is gone already and in nobody's way.
 * @returns why the new one cannot be used yet, or null
 * @throws DatabaseHoldsDataError
 */
export async function checkMove(move: DatabaseMove): Promise<string | null> {
  if (move.from === move.to) return null;
  const there = await contentsOf(move, move.to);
  if (await hasDatabase(move.dataDir, move.from)) {
    const here = await contentsOf(move, move.from);
    if (here.counts !== null && !isEmpty(here.counts) && !coversAll(there.counts ?? new Map(), here.counts)) {
      throw new DatabaseHoldsDataError(
        here.where,
        [...here.counts.values()].reduce((sum, count) => sum + count, 0),
      );
    }
  }
  return there.problem;
}

interface Contents {
  readonly where: string;
  /** Null where it cannot be reached. */
  readonly counts: TableCounts | null;
  readonly problem: string | null;
}

async function contentsOf(move: DatabaseMove, connectionUri: string | null): Promise<Contents> {
  if (connectionUri === null && !(await hasDatabase(move.dataDir, null))) {
    return { where: 'embedded', counts: new Map(), problem: null };
  }
  let database: Database;
  try {
    database = await Database.open({ ...move, connectionUri, migrate: false });
  } catch (error) {
    // The embedded database is there, only it does not start: its data is not gone.
    if (connectionUri === null) throw error;
    return { where: 'unreachable', counts: null, problem: messageOf(error) };
  }
  try {
    return { where: database.describe(), counts: await countRows(database.dataSource), problem: null };
  } finally {
    await database.close();
  }
}
