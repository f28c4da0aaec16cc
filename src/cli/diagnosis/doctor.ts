import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf } from '../../kernel/store-error.js';
import type { SearchState } from '../../modules/catalog/index.js';
import { SETTING_KEYS } from '../../platform/config/setting-definitions.js';
import { checkSetting, type Settings } from '../../platform/config/settings.js';
import { hasDatabase } from '../../platform/database/presence.js';
import { isTaken } from '../probe.js';
import { runningServers } from '../../platform/process/running-servers.js';
import type { Session } from '../session.js';
import { checkDeltas } from './deltas.js';
import { checkHttps, readHttps } from './https.js';
import { checkSealing } from './sealing.js';
import { checkToken } from './token.js';
import { counted, renderBytes } from '../table.js';

export interface Check {
  readonly name: string;
  /** `warning`: it works, and something about it will not do. */
  readonly state: 'ok' | 'warning' | 'failed';
  readonly message: string;
}

const OLDEST_NODE = [20, 19] as const;
const DATABASE_VERSIONS = { oldest: 14, newest: 18 };
const LOW_SPACE_BYTES = 5 * 1024 ** 3;
const NO_SPACE_BYTES = 256 * 1024 ** 2;
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** Everything that could be wrong with this installation. Nothing is changed; the embedded database may be started to ask it. */
export async function examine(session: Session): Promise<Check[]> {
  await session.becomeOwner();
  const checks = [checkNode(), await checkDataFolder(session.dataDir), await checkDisk(session.dataDir)];
  let settings: Settings;
  try {
    settings = await session.bootstrapSettings();
  } catch (error) {
    return [...checks, failed('settings', messageOf(error))];
  }
  const database = await checkDatabase(session, settings);
  const known = database.settings ?? settings;
  return [
    ...checks,
    checkSettings(known),
    ...database.checks,
    await checkBlobs(session.dataDir),
    await checkRoots(known),
    await checkWatchFolder(known),
    ...(await checkPorts(session, known)),
  ];
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOldEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (!isOldEnough) return failed('node', `${process.version} is older than ${OLDEST_NODE.join('.')}`);
  return ok('node', process.version);
}

async function checkDataFolder(dataDir: string): Promise<Check> {
  const name = 'data-folder';
  try {
    const status = await stat(dataDir);
    if (!status.isDirectory()) return failed(name, `${dataDir} is not a folder`);
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    if ((status.mode & 0o002) !== 0) return failed(name, `${dataDir} can be written to by everybody: chmod o-w it`);
    return ok(name, dataDir);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return warning(name, `${dataDir} is not there yet; the first start makes it`);
    return failed(name, `${dataDir}: ${messageOf(error)}`);
  }
}

async function checkDisk(dataDir: string): Promise<Check> {
  const name = 'disk-space';
  const folder = await nearestFolder(dataDir);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const message = `${renderBytes(free)} free where ${dataDir} lies`;
  if (free < NO_SPACE_BYTES) return failed(name, message);
  return free < LOW_SPACE_BYTES ? warning(name, message) : ok(name, message);
}

function checkSettings(settings: Settings): Check {
  for (const key of SETTING_KEYS) {
    const value = settings.get(key);
    try {
      if (value !== null) checkSetting(key, value);
    } catch (error) {
      return failed('settings', messageOf(error));
    }
  }
  const set = SETTING_KEYS.filter((key) => settings.lookup(key).source !== 'default');
  return ok('settings', `${counted(set.length, 'setting')} set, all valid`);
}

interface DatabaseFindings {
  readonly checks: readonly Check[];
  /** Those in the database too; null where it could not be asked. */
  readonly settings: Settings | null;
}

async function checkDatabase(session: Session, settings: Settings): Promise<DatabaseFindings> {
  const uri = settings.get('proxy.db.connection');
  const name = 'database';
  if (!(await hasDatabase(session.dataDir, uri))) {
    return { checks: [warning(name, 'the embedded one is not there yet; the first start makes it')], settings: null };
  }
  try {
    const schema = await checkSchema(session, uri);
    // Opening the store would migrate it, and this command changes nothing.
    if (schema.state === 'failed') return { checks: [schema], settings: null };
    return await session.withStore(async (store) => {
      const [{ StoreFacts }, { Settings }, { SearchHealth }] = await Promise.all([
        import('../../modules/integrity/index.js'),
        import('../../platform/config/settings.js'),
        import('../../modules/catalog/index.js'),
      ]);
      const facts = store.get(StoreFacts);
      const checks = [
        schema,
        checkVersion(await facts.databaseVersion()),
        checkClock(await facts.newestAssertion()),
        checkSearch(await store.get(SearchHealth).state()),
        checkHttps(await readHttps(store)),
        ...(await checkSealing(store)),
        await checkDeltas(store),
        await checkToken(store),
      ];
      return { checks, settings: store.get(Settings) };
    });
  } catch (error) {
    return { checks: [failed(name, messageOf(error))], settings: null };
  }
}

async function checkSchema(session: Session, connectionUri: string | null): Promise<Check> {
  const [{ Database }, { needsMigration }, { SCHEMA_PARTS }] = await Promise.all([
    import('../../platform/database/database.js'),
    import('../../platform/database/migrate.js'),
    import('../../entities.js'),
  ]);
  const logger = (await session.loggers()).named('database');
  const database = await Database.open({
    dataDir: session.dataDir,
    connectionUri,
    schema: SCHEMA_PARTS,
    logger,
    migrate: false,
  });
  try {
    return (await needsMigration(database.dataSource))
      ? failed('database', `${database.describe()}: its schema is not up to date; migrate-database brings it there`)
      : ok('database', `${database.describe()}, reachable, schema up to date`);
  } finally {
    await database.close();
  }
}

function checkVersion(version: number): Check {
  const { oldest, newest } = DATABASE_VERSIONS;
  const message = `PostgreSQL ${version}`;
  if (version < oldest) return failed('database-version', `${message} is older than ${oldest}`);
  return version > newest
    ? warning('database-version', `${message} is newer than what was tested, ${newest}`)
    : ok('database-version', message);
}

/** An assertion from the future means a clock that is behind: devices and this store would refuse what is valid. */
function checkClock(newestAssertion: Date | null): Check {
  const now = new Date();
  const isBehind = newestAssertion !== null && newestAssertion.getTime() - now.getTime() > CLOCK_TOLERANCE_MS;
  if (isBehind) {
    return failed(
      'clock',
      `it says ${now.toISOString()}, but an assertion here was made ${newestAssertion.toISOString()}`,
    );
  }
  return ok('clock', now.toISOString());
}

function checkSearch({ forgivesTyping, isComplete }: SearchState): Check {
  const name = 'search';
  if (!isComplete) return warning(name, 'some snaps are not found yet; a store that starts sees to it');
  if (forgivesTyping) return ok(name, 'every snap is found, also where it is typed wrongly');
  return warning(
    name,
    'every snap is found, but not where it is typed wrongly: that needs "CREATE EXTENSION pg_trgm" by whoever administers the database, and a restart',
  );
}

async function checkBlobs(dataDir: string): Promise<Check> {
  const folder = join(dataDir, 'blobs');
  try {
    await access(await nearestFolder(folder), constants.W_OK | constants.X_OK);
    return ok('files', `${folder} can be written to`);
  } catch (error) {
    return failed('files', `${folder} cannot be written to: ${messageOf(error)}`);
  }
}

async function checkRoots(settings: Settings): Promise<Check> {
  try {
    const { readTrustedRoots } = await import('../../modules/assertions/offline.js');
    const files = settings.list('proxy.trust.extra-roots');
    const forRepairs = settings.list('proxy.trust.repair-roots');
    await readTrustedRoots(files, forRepairs);
    const own = files.length === 0 ? "Canonical's" : `Canonical's and those in ${files.join(', ')}`;
    return ok('trusted-roots', forRepairs.length === 0 ? own : `${own}; for repairs ${forRepairs.join(', ')}`);
  } catch (error) {
    return failed('trusted-roots', messageOf(error));
  }
}

async function checkWatchFolder(settings: Settings): Promise<Check> {
  const folder = settings.get('proxy.import.watch');
  if (folder === null) return ok('import-watch', 'off');
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok('import-watch', folder);
  } catch (error) {
    return failed('import-watch', `${folder}: ${messageOf(error)}`);
  }
}

async function checkPorts(session: Session, settings: Settings): Promise<Check[]> {
  const host = settings.get('proxy.ipaddress') ?? '';
  const servers = await runningServers(session.dataDir);
  const check = async (name: string, port: number): Promise<Check> => {
    const own = servers.find(({ address, secureAddress }) => address.port === port || secureAddress?.port === port);
    if (own !== undefined) return ok(name, `${port} is this store's (process ${own.pid})`);
    if (await isTaken({ host, port })) return failed(name, `${port} is taken by another program`);
    return ok(name, `${port} is free`);
  };
  const http = await check('port', Number(settings.get('proxy.port.http')));
  if (settings.get('proxy.tls.key') === null) return [http];
  return [http, await check('https-port', Number(settings.get('proxy.port.https')))];
}

async function nearestFolder(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return nearestFolder(dirname(path));
  }
}

const ok = (name: string, message: string): Check => ({ name, state: 'ok', message });
const warning = (name: string, message: string): Check => ({ name, state: 'warning', message });
const failed = (name: string, message: string): Check => ({ name, state: 'failed', message });

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
