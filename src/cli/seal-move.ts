import { messageOf, StoreError } from '../kernel/store-error.js';
import type { SettingChanges } from '../platform/config/configuration.js';
import { settingDefinition } from '../platform/config/settings.js';
import { hasDatabase } from '../platform/database/presence.js';
import { runningServers } from '../platform/process/running-servers.js';
import { sealKeySource } from '../platform/sealing/seal-key.js';
import { counted } from './table.js';
import type { Session } from './session.js';

const SOURCE = 'proxy.seal.source';
const DATABASE = 'proxy.db.connection';

/** Secrets would be left behind under a key that nobody looks for any more. */
export class SealSourceKeptError extends StoreError {
  readonly code = 'seal-source-kept';
}

/**
 * Seals everything anew before the key is looked for elsewhere, or refuses the change.
 * @throws SealSourceKeptError, and what `Resealing.moveTo` refuses with
 */
export async function guardSealMove(session: Session, changes: SettingChanges): Promise<void> {
  if (!changes.has(SOURCE)) return;
  const settings = await session.bootstrapSettings();
  const { value: from, source } = settings.lookup(SOURCE);
  const to = changes.get(SOURCE) ?? settingDefinition(SOURCE).defaultValue() ?? '';
  if (from === to) return;
  if (source !== 'stored' && source !== 'default')
    throw new SealSourceKeptError(`${SOURCE} comes from the ${source}, which has to stop saying so first`);
  if (changes.has(DATABASE)) throw new SealSourceKeptError(`${SOURCE} and ${DATABASE} are changed one after the other`);
  const [server] = await runningServers(session.dataDir);
  if (server !== undefined)
    throw new SealSourceKeptError(`the store is running (process ${server.pid}) and knows the old key: stop it first`);
  if (!(await hasDatabase(session.dataDir, settings.get(DATABASE)))) return noteMissingKey(session, to);
  const moved = await session.withStore(async (store) => {
    const { Resealing } = await import('../platform/sealing/index.js');
    return store.get(Resealing).moveTo(to);
  });
  if (moved === 0) return;
  const old = sealKeySource(from ?? '', session.dataDir).description;
  session.out.note(
    `${counted(moved, 'secret')} sealed anew; the old key (${old}) still opens backups that were made before`,
  );
}

/** Nothing is sealed yet, and the key may well come later. */
async function noteMissingKey(session: Session, source: string): Promise<void> {
  try {
    await sealKeySource(source, session.dataDir).read();
  } catch (error) {
    session.out.note(`${messageOf(error)}; it is set all the same`);
  }
}
