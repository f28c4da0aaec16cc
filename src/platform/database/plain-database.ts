import pg from 'pg';

import { installedGuard } from '../egress/index.js';
import type { Logger } from '../logging/logger.js';
import { type DatabaseConnection, parseConnectionUri, serversOf, unreachable } from './connection.js';
import { EmbeddedPostgres } from './embedded/index.js';
import { SCHEMA } from './schema.js';
import type { SqlReader } from './sql-reader.js';

const CONNECT_TIMEOUT_MS = 10_000;

export interface PlainDatabaseOptions {
  readonly dataDir: string;
  /** A libpq URI; null joins the embedded PostgreSQL of the data folder. */
  readonly connectionUri: string | null;
  readonly logger: Logger;
  /** The names of all migrations that this program brings. */
  readonly migrations: readonly string[];
  /** Runs those that are missing. */
  readonly migrate: () => Promise<void>;
}

/** The store's database for who asks it a few things only, and so does without TypeORM: half of the memory of a command. */
export class PlainDatabase implements SqlReader {
  private constructor(
    private readonly pool: pg.Pool,
    private readonly embedded: EmbeddedPostgres | null,
  ) {}

  /** @throws DatabaseUriError, DatabaseUnreachableError, and what starting the embedded server or migrating throws */
  static async open(options: PlainDatabaseOptions): Promise<PlainDatabase> {
    const embedded =
      options.connectionUri === null ? await EmbeddedPostgres.acquire(options.dataDir, options.logger) : null;
    let pool: pg.Pool | null = null;
    try {
      const connection = embedded?.connection ?? parseConnectionUri(options.connectionUri ?? '');
      installedGuard()?.permit('database', serversOf(connection));
      pool = poolOf(connection);
      const ran = await migrationsIn(pool, connection);
      if (!options.migrations.every((name) => ran.has(name))) await options.migrate();
      return new PlainDatabase(pool, embedded);
    } catch (error) {
      await pool?.end();
      await embedded?.release();
      throw error;
    }
  }

  async query<T>(sql: string, parameters: unknown[] = []): Promise<T> {
    return (await this.pool.query(sql, parameters)).rows as T;
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.embedded?.release();
  }
}

function poolOf(connection: DatabaseConnection): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    application_name: 'snap-store-proxy',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    max: 2,
  });
  // A connection that breaks while nobody uses it is replaced when somebody does.
  pool.on('error', () => undefined);
  return pool;
}

/** The names of those that the database has run. */
async function migrationsIn(pool: pg.Pool, connection: DatabaseConnection): Promise<ReadonlySet<string>> {
  const client = await pool.connect().catch((error: unknown) => {
    throw unreachable(connection, error);
  });
  try {
    const { rows: tables } = await client.query('SELECT to_regclass($1) AS name', [`${SCHEMA}.migration`]);
    if ((tables as { name: string | null }[])[0]?.name === null) return new Set();
    const { rows } = await client.query(`SELECT name FROM ${SCHEMA}.migration`);
    return new Set((rows as { name: string }[]).map(({ name }) => name));
  } finally {
    client.release();
  }
}
