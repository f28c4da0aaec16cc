import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../../kernel/store-error.js';
import { describeConnection, parseConnectionUri } from '../../platform/database/connection.js';
import { hasDatabase } from '../../platform/database/presence.js';
import type { Session } from '../session.js';

/** Something that the store depends on. */
export interface Connection {
  readonly name: string;
  /** Without credentials. */
  readonly url: string;
  readonly problem: string | null;
}

export async function checkConnections(session: Session): Promise<Connection[]> {
  await session.becomeOwner();
  return [await databaseConnection(session), await storageConnection(session.dataDir)];
}

async function databaseConnection(session: Session): Promise<Connection> {
  const uri = (await session.bootstrapSettings()).get('proxy.db.connection');
  const url = uri === null ? 'embedded' : describeConnection(parseConnectionUri(uri));
  if (!(await hasDatabase(session.dataDir, uri))) {
    return { name: 'database', url, problem: 'it is not there yet, the first start makes it' };
  }
  const [{ Database }, { SCHEMA_PARTS }] = await Promise.all([
    import('../../platform/database/database.js'),
    import('../../entities.js'),
  ]);
  try {
    const database = await Database.open({
      dataDir: session.dataDir,
      connectionUri: uri,
      schema: SCHEMA_PARTS,
      logger: (await session.loggers()).named('database'),
      migrate: false,
    });
    await database.close();
    return { name: 'database', url, problem: null };
  } catch (error) {
    return { name: 'database', url, problem: messageOf(error) };
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
    return { name: 'storage', url: folder, problem: null };
  } catch (error) {
    return { name: 'storage', url: folder, problem: messageOf(error) };
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
