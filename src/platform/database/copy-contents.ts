import type { DataSource, EntityManager } from 'typeorm';

import { StoreError } from '../../kernel/store-error.js';
import { countRows, isEmpty } from './contents.js';
import { SCHEMA } from './data-source.js';

export class DatabaseNotEmptyError extends StoreError {
  readonly code = 'database-not-empty';

  constructor(where: string) {
    super(`the database at ${where} already holds data of a store; it must be empty`, { where });
  }
}

const ROWS_AT_A_TIME = 200;

/**
 * Copies every row of every table into the same schema elsewhere, which must be migrated and empty: as one moment of the
 * source, and in one transaction of the target, so that all of it is there or nothing. Works between any two versions of
 * PostgreSQL, without its tools.
 * @param where how to name the target in an error
 * @returns how many rows were copied
 * @throws DatabaseNotEmptyError
 */
export async function copyContents(
  source: DataSource,
  target: DataSource,
  where: string,
  signal: AbortSignal,
): Promise<number> {
  if (!isEmpty(await countRows(target))) throw new DatabaseNotEmptyError(where);
  return source.transaction('REPEATABLE READ', (from) =>
    target.transaction(async (to) => {
      let rows = 0;
      for (const table of await tablesInOrder(from)) {
        rows += await copyTable(from, to, table, signal);
        await continueNumbering(to, table);
      }
      return rows;
    }),
  );
}

/** Tables that others refer to come before those. */
async function tablesInOrder(manager: EntityManager): Promise<string[]> {
  const tables = await manager.query<{ name: string; needs: string[] }[]>(
    `SELECT relation.relname AS name,
            coalesce(array_agg(other.relname::text) FILTER (WHERE other.oid <> relation.oid), '{}') AS needs
     FROM pg_class relation
     JOIN pg_namespace space ON space.oid = relation.relnamespace AND space.nspname = $1
     LEFT JOIN pg_constraint foreign_key ON foreign_key.conrelid = relation.oid AND foreign_key.contype = 'f'
     LEFT JOIN pg_class other ON other.oid = foreign_key.confrelid
     WHERE relation.relkind = 'r' AND relation.relname <> 'migration'
     GROUP BY relation.oid, relation.relname ORDER BY relation.relname`,
    [SCHEMA],
  );
  const ordered: string[] = [];
  while (ordered.length < tables.length) {
    const ready = tables.filter(
      ({ name, needs }) => !ordered.includes(name) && needs.every((need) => ordered.includes(need)),
    );
    if (ready.length === 0) throw new Error('the tables of the store refer to each other in a circle');
    ordered.push(...ready.map(({ name }) => name));
  }
  return ordered;
}

/** Rows travel as JSON text, which holds every type in use exactly: PostgreSQL writes it and PostgreSQL reads it. */
async function copyTable(from: EntityManager, to: EntityManager, table: string, signal: AbortSignal): Promise<number> {
  const name = `"${SCHEMA}"."${table}"`;
  await from.query(`DECLARE rows_to_copy NO SCROLL CURSOR FOR SELECT to_jsonb(row)::text AS row FROM ${name} row`);
  let copied = 0;
  for (;;) {
    signal.throwIfAborted();
    const rows = await from.query<{ row: string }[]>(`FETCH ${ROWS_AT_A_TIME} FROM rows_to_copy`);
    if (rows.length === 0) break;
    await to.query(
      `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_recordset(NULL::${name}, $1::jsonb)`,
      [`[${rows.map(({ row }) => row).join(',')}]`],
    );
    copied += rows.length;
  }
  await from.query('CLOSE rows_to_copy');
  return copied;
}

/** Identity columns go on where the copied rows end. */
async function continueNumbering(to: EntityManager, table: string): Promise<void> {
  const columns = await to.query<{ name: string }[]>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = $1 AND table_name = $2 AND is_identity = 'YES'`,
    [SCHEMA, table],
  );
  for (const { name } of columns) {
    await to.query(
      `SELECT setval(pg_get_serial_sequence($1, $2), coalesce(max("${name}"), 0) + 1, false) FROM "${SCHEMA}"."${table}"`,
      [`"${SCHEMA}"."${table}"`, name],
    );
  }
}
