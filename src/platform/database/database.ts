import { Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { installedGuard } from '../egress/index.js';
import type { Logger } from '../logging/logger.js';
import {
  describeConnection,
  parseConnectionUri,
  serversOf,
  unreachable,
  type DatabaseConnection,
} from './connection.js';
import { createDataSource, type SchemaParts } from './data-source.js';
import { EmbeddedPostgres } from './embedded/index.js';
import { migrate } from './migrate.js';

export interface DatabaseOptions {
  readonly dataDir: string;
  /** A libpq URI; null starts, or joins, the embedded PostgreSQL of the data folder. */
  readonly connectionUri: string | null;
  readonly schema: SchemaParts;
  readonly logger: Logger;
  /** Whether to bring the schema up to date; `doctor` and `migrate-database` look first. */
  readonly migrate: boolean;
}

/** The store's database, embedded or external, as one thing that is opened and closed. */
@Injectable()
export class Database {
  private constructor(
    readonly dataSource: DataSource,
    readonly connection: DatabaseConnection,
    private readonly embedded: EmbeddedPostgres | null,
  ) {}

  /** @throws DatabaseUriError, DatabaseUnreachableError, and what starting the embedded server throws */
  static async open(options: DatabaseOptions): Promise<Database> {
    const embedded =
      options.connectionUri === null ? await EmbeddedPostgres.acquire(options.dataDir, options.logger) : null;
    try {
      const connection = embedded?.connection ?? parseConnectionUri(options.connectionUri ?? '');
      installedGuard()?.permit('database', serversOf(connection));
      const dataSource = createDataSource(connection, options.schema);
      await initialize(dataSource, connection);
      try {
        if (options.migrate) await migrate(dataSource);
      } catch (error) {
        await dataSource.destroy();
        throw error;
      }
      return new Database(dataSource, connection, embedded);
    } catch (error) {
      await embedded?.release();
      throw error;
    }
  }

  get isEmbedded(): boolean {
    return this.embedded !== null;
  }

  /** `embedded`, or where the external server is, without its credentials. */
  describe(): string {
    return this.isEmbedded ? 'embedded' : describeConnection(this.connection);
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.embedded?.release();
  }
}

async function initialize(dataSource: DataSource, connection: DatabaseConnection): Promise<void> {
  try {
    await dataSource.initialize();
  } catch (error) {
    throw unreachable(connection, error);
  }
}
