// The PostgreSQL server that a measurement uses: the one that SNAP_STORE_TEST_DATABASE names, else an embedded one.
import pg from 'pg';

import { EmbeddedPostgres } from '../../dist/platform/database/embedded/index.js';

/** @param folder where an embedded one may lie */
export async function openDatabaseServer(folder) {
  const given = process.env.SNAP_STORE_TEST_DATABASE;
  const embedded = given ? null : await EmbeddedPostgres.acquire(folder, { info() {}, warn() {} });
  const names = [];
  const uriOf = (name) => {
    if (embedded === null) return given.replace(/^(postgres(?:ql)?:\/\/[^/?]*)(?:\/[^?]*)?/, `$1/${name}`);
    const { user, password, host, port } = embedded.connection;
    return `postgresql://${user}:${encodeURIComponent(password)}@/${name}?host=${encodeURIComponent(host)}&port=${port}`;
  };
  const execute = async (statement) => {
    const client = new pg.Client(embedded === null ? given : { ...embedded.connection });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  return {
    create: async (name) => {
      await execute(`CREATE DATABASE ${name}`);
      names.push(name);
      return uriOf(name);
    },
    leave: async () => {
      for (const name of names) await execute(`DROP DATABASE ${name} WITH (FORCE)`);
      await embedded?.release();
    },
  };
}
