import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';

import { openContext } from '../../src/application.js';
import { Settings } from '../../src/platform/config/settings.js';
import { Database } from '../../src/platform/database/database.js';
import { LoggerFactory } from '../../src/platform/logging/logger.js';
import type { TestAuthority } from './test-authority.js';

export interface TestStore {
  readonly context: INestApplicationContext;
  readonly dataDir: string;
  readonly uri: string;
  readonly authority: TestAuthority;
  /** All rows of all tables but the ledger of imports and the migrations: the start of each, and its digest. */
  tables(): Promise<string>;
  /** The digests of all files in the blob folder. */
  blobFiles(): Promise<string[]>;
  /** The ids of all staging folders. */
  stagings(): Promise<string[]>;
  query<T>(sql: string): Promise<T[]>;
  close(): Promise<void>;
}

export interface TestStoreOptions {
  readonly uri: string;
  readonly authority: TestAuthority;
  /** Kept by whoever gives it; else a new one, removed at the end. */
  readonly dataDir?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

const TABLES = [
  'assertion',
  'blob',
  'bundle_signer',
  'component_pair',
  'component_revision',
  'release',
  'snap',
  'snap_revision',
];

/** All services of a store on a database, trusting the authority. */
export async function openTestStore(options: TestStoreOptions): Promise<TestStore> {
  const { uri, authority } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'test-store-')));
  await chmod(dataDir, 0o755);
  const roots = join(dataDir, 'roots.assert');
  await writeFile(roots, authority.rootStream);
  const flag = new Map(
    Object.entries({ 'proxy.db.connection': uri, 'proxy.trust.extra-roots': roots, ...options.settings }),
  );
  const context = await openContext({ dataDir, settings: new Settings({ flag }), loggers: LoggerFactory.silent() });
  const { dataSource } = context.get(Database);
  const query = <T>(sql: string): Promise<T[]> => dataSource.query<T[]>(sql);
  return {
    context,
    dataDir,
    uri,
    authority,
    query,
    tables: async () => {
      const rows: string[] = [];
      for (const table of TABLES)
        for (const { row } of await query<{ row: string }>(
          `SELECT t::text AS row FROM snap_store.${table} t ORDER BY 1`,
        ))
          rows.push(`${table} ${row.slice(0, 150)} ${createHash('sha1').update(row).digest('hex')}`);
      return rows.join('\n');
    },
    blobFiles: async () => {
      const names: string[] = [];
      for (const folder of await entries(join(dataDir, 'blobs')))
        if (folder !== 'staging') names.push(...(await entries(join(dataDir, 'blobs', folder))));
      return names.sort();
    },
    stagings: () => entries(join(dataDir, 'blobs', 'staging')),
    close: async () => {
      await context.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
