import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { parseConnectionUri } from '../../src/platform/database/connection.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded/index.js';

export interface TestDatabase {
  /** libpq URI of an empty database that nobody else uses. */
  readonly uri: string;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * A database for one test file: on the server that SNAP_STORE_TEST_DATABASE names (libpq URI of a maintenance database,
 * for a user that may create databases), else on an embedded one that is started for it.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await testServer();
  const name = `snap_store_test_${randomBytes(6).toString('hex')}`;
  await runOn(server.uri, `CREATE DATABASE ${name}`);
  return {
    uri: withDatabaseName(server.uri, name),
    drop: async () => {
      await runOn(server.uri, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.leave();
    },
  };
}

interface TestServer {
  readonly uri: string;
  leave(): Promise<void>;
}

async function testServer(): Promise<TestServer> {
  const given = process.env.SNAP_STORE_TEST_DATABASE;
  if (given !== undefined && given !== '') return { uri: given, leave: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), 'snap-store-test-'));
  // As root the server runs as another user, who has to get to its files here: elsewhere they would be left behind.
  await chmod(folder, 0o711);
  const quiet = { info: () => undefined, warn: () => undefined };
  const embedded = await EmbeddedPostgres.acquire(folder, quiet);
  const { host, port, user, password, database } = embedded.connection;
  const account = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return {
    uri: `postgresql://${account}@/${database}?host=${encodeURIComponent(host)}&port=${port}`,
    leave: async () => {
      await embedded.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function withDatabaseName(uri: string, name: string): string {
  const [address = '', query] = uri.split('?');
  const renamed = address.replace(/^(postgres(?:ql)?:\/\/[^/]*)(?:\/.*)?$/, `$1/${name}`);
  return query === undefined ? renamed : `${renamed}?${query}`;
}

async function runOn(uri: string, statement: string): Promise<void> {
  const { ssl, ...connection } = parseConnectionUri(uri);
  const client = new pg.Client({ ...connection, ...(ssl === undefined ? {} : { ssl: ssl as boolean }) });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
