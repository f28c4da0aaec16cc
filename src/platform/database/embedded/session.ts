import pg from 'pg';

import { EmbeddedPostgresFailedError } from './embedded-postgres.errors.js';

/** The first role of the cluster. Only this launcher uses it. */
export const SUPERUSER = 'postgres';
/** The store's own role, owner of its database; may make further databases, and nothing else. */
export const ROLE = 'snap_store';
export const DATABASE = 'snap_store';
export const PORT = 5432;

/** Launcher's sessions stay out of the store's database, so that it can be dropped and made again. */
const MAINTENANCE_DATABASE = 'postgres';
const TIMEOUT_MS = 10_000;

/**
 * A session as superuser, or null while no server listens there or it is still on its way up or down.
 * @throws EmbeddedPostgresFailedError when it listens and refuses
 */
export async function connect(
  socketFolder: string,
  password: string,
  applicationName: string,
): Promise<pg.Client | null> {
  const client = new pg.Client({
    host: socketFolder,
    port: PORT,
    user: SUPERUSER,
    password,
    database: MAINTENANCE_DATABASE,
    application_name: applicationName,
    connectionTimeoutMillis: TIMEOUT_MS,
    ssl: false,
  });
  // Without a listener a session that is lost would end the process; who cares listens for `end`.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    if (isNotListening(error)) return null;
    throw new EmbeddedPostgresFailedError(
      'the embedded database refuses the store',
      error instanceof Error ? error.message : String(error),
      { socketFolder },
      { cause: error },
    );
  }
}

/** Makes the store's role and database where an earlier process did not get that far. */
export async function ensureDatabase(client: pg.Client, password: string): Promise<void> {
  const literal = client.escapeLiteral(password);
  const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [ROLE]);
  if (role.rowCount === 0) await client.query(`CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD ${literal}`);
  const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (database.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE} TEMPLATE template0`);
}

function isNotListening(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  // cannot_connect_now: starting up, shutting down, in recovery. admin_shutdown: it went down just then.
  if (code === '57P03' || code === '57P01' || code === '57P02') return true;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE') return true;
  return error instanceof Error && error.message.includes('Connection terminated');
}
