import { DataSource, type DataSourceOptions } from 'typeorm';

import type { DatabaseConnection } from './connection.js';
import { SCHEMA } from './schema.js';

export { SCHEMA } from './schema.js';

// The type of entity and migration classes is TypeORM's own.
export type Entities = NonNullable<DataSourceOptions['entities']>;
export type Migrations = NonNullable<DataSourceOptions['migrations']>;

export interface SchemaParts {
  readonly entities: Entities;
  readonly migrations: Migrations;
}

export function createDataSource(connection: DatabaseConnection, parts: SchemaParts, poolSize = 10): DataSource {
  return new DataSource({
    type: 'postgres',
    schema: SCHEMA,
    entities: parts.entities,
    migrations: parts.migrations,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'all',
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    applicationName: 'snap-store-proxy',
    connectTimeoutMS: 10_000,
    poolSize,
    logging: false,
    ...(connection.host === undefined ? {} : { host: connection.host }),
    ...(connection.port === undefined ? {} : { port: connection.port }),
    ...(connection.user === undefined ? {} : { username: connection.user }),
    ...(connection.password === undefined ? {} : { password: connection.password }),
    ...(connection.database === undefined ? {} : { database: connection.database }),
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl as boolean }),
  });
}
