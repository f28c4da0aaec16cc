export { EmbeddedPostgres, type EmbeddedPostgresConnection } from './embedded-postgres.js';
export * from './embedded-postgres.errors.js';
export type { EmbeddedPostgresLog } from './join.js';
