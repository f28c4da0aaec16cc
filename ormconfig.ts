import { SCHEMA_PARTS } from './src/entities.js';
import { parseConnectionUri } from './src/platform/database/connection.js';
import { createDataSource } from './src/platform/database/data-source.js';

/**
 * For TypeORM's own command line: `npm run typeorm -- migration:generate --check src/platform/database/migrations/x`.
 * It needs a PostgreSQL server of its own; PROXY_DB_CONNECTION says which.
 */
export default createDataSource(
  parseConnectionUri(process.env.PROXY_DB_CONNECTION ?? 'postgresql:///postgres'),
  SCHEMA_PARTS,
);
