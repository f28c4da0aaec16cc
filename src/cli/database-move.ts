import type { SettingChanges } from '../platform/config/configuration.js';
import { checkMove } from '../platform/database/database-move.js';
import type { Session } from './session.js';

const KEY = 'proxy.db.connection';

/** Refuses to leave data behind, and says what is in the way of the new database, which may well come up later. */
export async function guardDatabaseMove(session: Session, changes: SettingChanges): Promise<void> {
  if (!changes.has(KEY)) return;
  const { SCHEMA_PARTS } = await import('../entities.js');
  const settings = await session.bootstrapSettings();
  const problem = await checkMove({
    dataDir: session.dataDir,
    from: settings.get(KEY),
    to: changes.get(KEY) ?? null,
    schema: SCHEMA_PARTS,
    logger: (await session.loggers()).named('database'),
  });
  if (problem !== null) session.out.note(`${problem}; it is set all the same`);
}
