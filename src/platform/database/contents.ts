import type { DataSource } from 'typeorm';

import { SCHEMA } from './data-source.js';

/** How many rows each table has. */
export type TableCounts = ReadonlyMap<string, number>;

/** Of all tables of the store's schema but the record of migrations; empty where there is no schema yet. */
export async function countRows(dataSource: DataSource): Promise<TableCounts> {
  const tables = await dataSource.query<{ name: string }[]>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = $1 AND table_type = 'BASE TABLE' AND table_name <> 'migration' ORDER BY 1`,
    [SCHEMA],
  );
  const counts = new Map<string, number>();
  for (const { name } of tables) {
    const [row] = await dataSource.query<{ count: string }[]>(`SELECT count(*) FROM "${SCHEMA}"."${name}"`);
    counts.set(name, Number(row?.count ?? 0));
  }
  return counts;
}

/** Whether another database holds as much in every table: what it looks like when the data was moved there. */
export function coversAll(other: TableCounts, own: TableCounts): boolean {
  return [...own].every(([table, count]) => (other.get(table) ?? 0) >= count);
}

export function isEmpty(counts: TableCounts): boolean {
  return [...counts.values()].every((count) => count === 0);
}
