import { readdirSync } from 'node:fs';

import { Machine } from './machine.js';

/** A PostgreSQL server on a machine of its own, with a role and a database that are set up for a store. */
export class DatabaseServer {
  private constructor(readonly machine: Machine) {}

  /** Needs Debian's package `postgresql`. */
  static async boot(): Promise<DatabaseServer> {
    const machine = await Machine.boot('the database server');
    const bin = programs();
    const as = 'setpriv --reuid postgres --regid postgres --clear-groups --';
    await machine.must('install -d -o postgres /srv/database /run/postgresql');
    await machine.must(`${as} ${bin}/initdb -D /srv/database -U postgres --auth=trust --encoding=UTF8 --locale=C`, {
      cwd: '/srv/database',
    });
    await machine.must(
      `echo 'host all all 0.0.0.0/0 scram-sha-256' >>pg_hba.conf &&
       ${as} ${bin}/pg_ctl -D /srv/database -w -l /srv/database/log -o "-c listen_addresses='*' -c fsync=off" start`,
      { cwd: '/srv/database' },
    );
    const server = new DatabaseServer(machine);
    await machine.must(
      `${bin}/psql -q -U postgres -c "CREATE ROLE snapproxy LOGIN PASSWORD 'snapproxy-password'" -c 'CREATE DATABASE snapproxy OWNER snapproxy'`,
    );
    return server;
  }

  /** @param address of its machine, where the store can reach it */
  connectionString(address: string): string {
    return `postgresql://snapproxy:snapproxy-password@${address}:5432/snapproxy`;
  }
}

function programs(): string {
  const versions = readdirSync('/usr/lib/postgresql').sort((one, other) => Number(other) - Number(one));
  if (versions[0] === undefined) throw new Error('The journey needs a PostgreSQL server: apt-get install postgresql');
  return `/usr/lib/postgresql/${versions[0]}/bin`;
}
