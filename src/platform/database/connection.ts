import { parseIntoClientConfig } from 'pg-connection-string';

import { messageOf, StoreError } from '../../kernel/store-error.js';
import { environmentVariable } from '../config/environment.js';
import type { Destination } from '../egress/index.js';

const DEFAULT_PORT = 5432;

export class DatabaseUriError extends StoreError {
  readonly code = 'database-uri-invalid';
}

export class DatabaseUnreachableError extends StoreError {
  readonly code = 'database-unreachable';
}

/** What the driver throws when a connection cannot be made, as an error that says where. */
export function unreachable(connection: DatabaseConnection, cause: unknown): DatabaseUnreachableError {
  const where = describeConnection(connection);
  const message = `the database at ${where} cannot be reached: ${messageOf(cause)}`;
  return new DatabaseUnreachableError(message, { where }, { cause });
}

/** How to reach a PostgreSQL server: the embedded one by its socket folder, an external one by what its URI says. */
export interface DatabaseConnection {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly ssl?: boolean | object;
}

/**
 * Reads a libpq URI (`postgresql://user:password@host:5432/database?sslmode=require`, or a socket folder as `?host=/run/…`).
 * @throws DatabaseUriError, which never repeats the URI: it holds a password
 */
export function parseConnectionUri(uri: string): DatabaseConnection {
  try {
    const { host, port, user, password, database, ssl } = parseIntoClientConfig(uri);
    return {
      ...(host ? { host } : {}),
      ...(port === undefined ? {} : { port }),
      ...(user ? { user } : {}),
      ...(typeof password === 'string' ? { password } : {}),
      ...(database ? { database } : {}),
      ...(ssl === undefined ? {} : { ssl }),
    };
  } catch (error) {
    throw new DatabaseUriError(`proxy.db.connection is not a libpq URI: ${messageOf(error).replaceAll(uri, '<uri>')}`);
  }
}

/**
 * The servers that a connection goes to: several where libpq is given a list, none where it is a socket of this machine. What
 * the URI leaves out is taken from PGHOST and PGPORT, as the driver does.
 */
export function serversOf(connection: DatabaseConnection): Destination[] {
  const hosts = (connection.host ?? environmentVariable('PGHOST') ?? 'localhost').split(',');
  const port = connection.port ?? Number(environmentVariable('PGPORT') ?? DEFAULT_PORT);
  return hosts.filter((host) => host !== '' && !host.startsWith('/')).map((host) => ({ host, port }));
}

/** `postgresql://host:port/database` without user and password: fit to be shown. */
export function describeConnection(connection: DatabaseConnection): string {
  const { host = 'localhost', port = 5432, database = '' } = connection;
  return host.startsWith('/') ? `postgresql:///${database}?host=${host}` : `postgresql://${host}:${port}/${database}`;
}
