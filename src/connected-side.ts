import type { ApplicationInput } from './application.js';
import { SystemClock } from './kernel/clock.js';
import { AirgapMode, newestDecision } from './modules/airgap-policy/offline.js';
import { readTrustedRoots } from './modules/assertions/offline.js';
import { BundleSigning } from './modules/keys/offline.js';
import { AssertionFetchService, FetchCache, FetchService } from './modules/snap-fetch/index.js';
import { DataDirectory } from './platform/config/data-directory.js';
import type { Settings } from './platform/config/settings.js';
import { storedSettings } from './platform/config/stored-settings.js';
import { MIGRATIONS } from './platform/database/migrations/index.js';
import { PlainDatabase } from './platform/database/plain-database.js';
import { hasDatabase } from './platform/database/presence.js';
import { HashWorkers } from './platform/hashing/hash-workers.js';
import { Sealing } from './platform/sealing/sealing.js';

/** What the commands of the connected side work with. */
export interface ConnectedSide {
  readonly settings: Settings;
  readonly mode: AirgapMode;
  readonly fetching: FetchService;
  readonly assertions: AssertionFetchService;
  close(): Promise<void>;
}

/**
 * The store as far as fetching needs it: its settings, its mode, and its key to sign with. Neither Nest nor TypeORM is loaded, and
 * where there is no database yet, none is made: then nothing is stored, and nothing is signed.
 * @throws what opening the database throws; nothing stays open then
 */
export async function openConnectedSide(input: ApplicationInput): Promise<ConnectedSide> {
  const { dataDir, settings, loggers } = input;
  const database = await openDatabase(input);
  try {
    if (database !== null) settings.replaceStored(await storedSettings(database));
    const data = new DataDirectory(dataDir);
    const decisions = { newest: () => (database === null ? Promise.resolve(null) : newestDecision(database)) };
    const mode = new AirgapMode(decisions, data, { addKeeper: () => undefined }, loggers);
    await mode.follow();
    const roots = { current: () => readTrustedRoots(settings.list('proxy.trust.extra-roots')) };
    const clock = new SystemClock();
    const workers = new HashWorkers();
    const signing = new BundleSigning(database, new Sealing(settings, data));
    return {
      settings,
      mode,
      fetching: new FetchService({ signing, roots, mode, cache: new FetchCache(dataDir), workers, clock }),
      assertions: new AssertionFetchService(roots, mode, clock),
      close: async () => {
        await workers.beforeApplicationShutdown();
        await database?.close();
      },
    };
  } catch (error) {
    await database?.close();
    throw error;
  }
}

async function openDatabase(input: ApplicationInput): Promise<PlainDatabase | null> {
  const { dataDir, settings, loggers } = input;
  const connectionUri = settings.get('proxy.db.connection');
  if (!(await hasDatabase(dataDir, connectionUri))) return null;
  return PlainDatabase.open({
    dataDir,
    connectionUri,
    logger: loggers.named('database'),
    migrations: MIGRATIONS.map(({ name }) => name),
    migrate: async () => {
      const { withDatabase } = await import('./application.js');
      await withDatabase(input, ({ database }) => database.close());
    },
  });
}
