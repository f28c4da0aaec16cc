import { Injectable } from '@nestjs/common';

import { SCHEMA } from '../../../platform/database/data-source.js';
import { Transaction } from '../../../platform/database/transaction.js';

/** Whether the database can tell how alike two texts are: PostgreSQL's extension pg_trgm, which a role may not be allowed to create. */
@Injectable()
export class TrigramsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The schema that has the extension, quoted; null without it. */
  async schema(): Promise<string | null> {
    const [row] = await this.transaction.manager.query<{ schema: string }[]>(
      `SELECT quote_ident(space.nspname) AS schema FROM pg_extension extension
       JOIN pg_namespace space ON space.oid = extension.extnamespace
       WHERE extension.extname = 'pg_trgm' AND has_schema_privilege(space.oid, 'USAGE')`,
    );
    return row?.schema ?? null;
  }

  /** Makes the index that the migration makes where the extension is there in time. */
  async ensureIndex(): Promise<void> {
    const schema = await this.schema();
    if (schema === null) return;
    await this.transaction.manager.query(
      `CREATE INDEX IF NOT EXISTS snap_search_names ON ${SCHEMA}.snap_search
       USING gin (names ${schema}.gin_trgm_ops) WITH (fastupdate = off)`,
    );
  }
}
