import { SCHEMA } from '../database/schema.js';
import type { SqlReader } from '../database/sql-reader.js';

/** All settings that the database holds; secrets are sealed. */
export async function storedSettings(database: SqlReader): Promise<Map<string, string>> {
  const rows = await database.query<{ key: string; value: string }[]>(`SELECT key, value FROM ${SCHEMA}.setting`);
  return new Map(rows.map(({ key, value }) => [key, value]));
}
