import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../../kernel/store-error.js';
import type { Settings } from '../../platform/config/settings.js';
import { describeConnection, parseConnectionUri } from '../../platform/database/connection.js';
import type { Database } from '../../platform/database/database.js';
import { hasDatabase } from '../../platform/database/presence.js';
import { readModeFile } from '../../platform/egress/index.js';
import type { Session } from '../session.js';

/** Something that the store depends on. */
export interface Connection {
  readonly name: string;
  /** Without credentials. */
  readonly url: string;
  readonly state: 'ok' | 'failed' | 'not-contacted';
  /** Why it is not OK. */
  readonly problem: string | null;
}

/** Servers outside: tried on the connected side, where they are set, and never in air-gapped mode. */
const UPSTREAMS = ['proxy.upstream', 'proxy.dashboard.location', 'proxy.sso.location'];

export async function checkConnections(session: Session): Promise<Connection[]> {
  await session.becomeOwner();
  const database = await databaseConnection(session);
  const storage = await storageConnection(session.dataDir);
  const upstreams = await knownUpstreams(session, database.state === 'ok');
  return [database, storage, ...upstreams];
}

async function databaseConnection(session: Session): Promise<Connection> {
  const uri = (await session.bootstrapSettings()).get('proxy.db.connection');
  const url = uri === null ? 'embedded' : describeConnection(parseConnectionUri(uri));
  if (!(await hasDatabase(session.dataDir, uri))) {
    return failed('database', url, 'it is not there yet, the first start makes it');
  }
  try {
    const database = await openDatabase(session);
    await database.close();
    return { name: 'database', url, state: 'ok', problem: null };
  } catch (error) {
    return failed('database', url, messageOf(error));
  }
}

/** As it is: this command changes no schema. */
async function openDatabase(session: Session): Promise<Database> {
  const [{ Database }, { SCHEMA_PARTS }] = await Promise.all([
    import('../../platform/database/database.js'),
    import('../../entities.js'),
  ]);
  return Database.open({
    dataDir: session.dataDir,
    connectionUri: (await session.bootstrapSettings()).get('proxy.db.connection'),
    schema: SCHEMA_PARTS,
    logger: (await session.loggers()).named('database'),
    migrate: false,
  });
}

async function knownUpstreams(session: Session, hasDatabase: boolean): Promise<Connection[]> {
  if (hasDatabase && !(await isOutdated(session))) {
    return session.withStore(async (store) => {
      const [{ AirgapMode }, { Settings }] = await Promise.all([
        import('../../modules/airgap-policy/index.js'),
        import('../../platform/config/settings.js'),
      ]);
      const mode = store.get(AirgapMode);
      return upstreamConnections(session, store.get(Settings), mode.isOn(), () => {
        mode.mustBeOff('contacting a server outside');
      });
    });
  }
  const settings = await session.bootstrapSettings();
  return upstreamConnections(session, settings, readModeFile(session.dataDir).isOn, () => undefined);
}

async function isOutdated(session: Session): Promise<boolean> {
  const { needsMigration } = await import('../../platform/database/migrate.js');
  const database = await openDatabase(session);
  try {
    return await needsMigration(database.dataSource);
  } finally {
    await database.close();
  }
}

async function upstreamConnections(
  session: Session,
  settings: Settings,
  isAirGapped: boolean,
  mayCallOut: () => void,
): Promise<Connection[]> {
  const known = UPSTREAMS.flatMap((key) => {
    const { value, source } = settings.lookup(key);
    // The default is where the connected side fetches from, whether this store is one or not.
    return value === null || (source === 'default' && !isAirGapped) ? [] : [{ name: key, url: value }];
  });
  if (isAirGapped) return known.map((one) => ({ ...one, state: 'not-contacted', problem: 'air-gapped' }));
  if (known.length === 0) return [];
  const { HttpClient, UpstreamAnswerError } = await import('../../modules/upstream/index.js');
  const { packageVersion } = await import('../../platform/program-version.js');
  const client = new HttpClient({
    proxy: settings.get('proxy.https.proxy'),
    mayCallOut,
    userAgent: `snap-store-proxy/${packageVersion()}`,
  });
  try {
    const connections: Connection[] = [];
    for (const { name, url } of known) {
      const problem = await client.json({ method: 'GET', url, signal: session.signal }).then(
        () => null,
        (error: unknown) => {
          session.signal.throwIfAborted();
          // Whatever it says, it is there.
          return error instanceof UpstreamAnswerError ? null : messageOf(error);
        },
      );
      connections.push(problem === null ? { name, url, state: 'ok', problem } : failed(name, url, problem));
    }
    return connections;
  } finally {
    await client.close();
  }
}

/** Proven by writing: a folder that looks right may be on a file system that is full or read-only. */
async function storageConnection(dataDir: string): Promise<Connection> {
  const folder = join(dataDir, 'blobs');
  const probe = join(folder, `.probe-${randomUUID()}`);
  try {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    await writeFile(probe, 'probe', { flag: 'wx', mode: 0o600 });
    return { name: 'storage', url: folder, state: 'ok', problem: null };
  } catch (error) {
    return failed('storage', folder, messageOf(error));
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

function failed(name: string, url: string, problem: string): Connection {
  return { name, url, state: 'failed', problem };
}
