import { SCHEMA } from '../../../platform/database/schema.js';
import type { SqlReader } from '../../../platform/database/sql-reader.js';
import type { AirgapEvent } from './airgap-event.entity.js';

/** The decision in force; null while nobody has decided anything. */
export async function newestDecision(database: SqlReader): Promise<Pick<AirgapEvent, 'at' | 'state'> | null> {
  const [newest] = await database.query<Pick<AirgapEvent, 'at' | 'state'>[]>(
    `SELECT at, state FROM ${SCHEMA}.airgap_event ORDER BY id DESC LIMIT 1`,
  );
  return newest ?? null;
}
