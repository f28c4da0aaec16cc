import type { DataSource } from 'typeorm';

import { SCHEMA } from './data-source.js';

/** Any number that nothing else in the database locks on: "snap" in ASCII, and 1 for the schema. */
const MIGRATION_LOCK = [0x736e6170, 1] as const;

/**
 * Brings the schema to what this program needs; several processes may call it at once, one of them does the work.
 * @returns the names of the migrations that were run
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const lock = dataSource.createQueryRunner();
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1, $2)', [...MIGRATION_LOCK]);
    await lock.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    const ran = await dataSource.runMigrations({ transaction: 'all' });
    return ran.map((migration) => migration.name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1, $2)', [...MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
  }
}

/** Whether the database lacks migrations that this program brings. */
export async function needsMigration(dataSource: DataSource): Promise<boolean> {
  const [row] = await dataSource.query<{ found: boolean }[]>(
    'SELECT EXISTS (SELECT 1 FROM information_schema.schemata WHERE schema_name = $1) AS found',
    [SCHEMA],
  );
  return row?.found !== true || dataSource.showMigrations();
}
