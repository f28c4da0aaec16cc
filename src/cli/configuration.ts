import { Configuration } from '../platform/config/configuration.js';
import { settingDefinition, type Settings } from '../platform/config/settings.js';
import { hasDatabase } from '../platform/database/presence.js';
import type { Session } from './session.js';

/**
 * The settings of the session's store, wherever each is kept.
 * @param keys those that the command will ask for; an unknown one is refused before anything else is looked at
 */
export async function openConfiguration(
  session: Session,
  keys: readonly string[] = [],
): Promise<{ configuration: Configuration; settings: Settings }> {
  for (const key of keys) settingDefinition(key);
  await session.becomeOwner();
  const settings = await session.bootstrapSettings();
  const configuration = new Configuration(
    session.dataDir,
    settings,
    (work) =>
      session.withStore(async (store) => {
        const [{ SettingsService }, { Settings }] = await Promise.all([
          import('../platform/config/settings.service.js'),
          import('../platform/config/settings.js'),
        ]);
        const service = store.get(SettingsService);
        await service.readKept();
        return work(service, store.get(Settings));
      }),
    () => hasDatabase(session.dataDir, settings.get('proxy.db.connection')),
  );
  return { configuration, settings };
}
