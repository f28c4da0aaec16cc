import type { Command } from 'commander';

import type { Database } from '../../platform/database/database.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { runningServers } from '../../platform/process/running-servers.js';
import type { Session } from '../session.js';
import { counted } from '../table.js';

const EMBEDDED = 'embedded';

export function addMigrateDatabase(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('migrate-database')
    .description('bring the database schema up to date (every start does it too)')
    .option(
      '--copy-to <uri>',
      `copy all of it into another, empty database; "${EMBEDDED}" is the one in the data folder`,
    )
    .action((options: { readonly copyTo?: string }) =>
      commandLine.run((session) => (options.copyTo === undefined ? migrate(session) : copy(session, options.copyTo))),
    );
  example(
    command,
    'snap-store-proxy migrate-database',
    'snap-store-proxy migrate-database --copy-to postgresql://store:secret@db.internal/store',
  );
}

async function migrate(session: Session): Promise<undefined> {
  await session.becomeOwner();
  const { migrate: runMigrations } = await import('../../platform/database/migrate.js');
  await withDatabase(session, await currentUri(session), false, async (database) => {
    const migrations = await runMigrations(database.dataSource);
    session.out.result({ database: database.describe(), migrations }, () =>
      migrations.length === 0
        ? `the database (${database.describe()}) is up to date`
        : `ran ${counted(migrations.length, 'migration')} on the database (${database.describe()}): ${migrations.join(', ')}`,
    );
  });
}

async function copy(session: Session, copyTo: string): Promise<undefined> {
  await session.becomeOwner();
  const [from, to] = [await currentUri(session), copyTo === EMBEDDED ? null : copyTo];
  if (from === to) throw new UsageError('--copy-to names the database that the store uses');
  if ((await runningServers(session.dataDir)).length > 0) {
    throw new UsageError('the store is running, and what it takes in meanwhile would be left behind', 'stop it first');
  }
  const { copyContents } = await import('../../platform/database/copy-contents.js');
  await withDatabase(session, from, true, (source) =>
    withDatabase(session, to, true, async (target) => {
      const rows = await copyContents(source.dataSource, target.dataSource, target.describe(), session.signal);
      const next = `snap-store-proxy config proxy.db.connection=${to === null ? '' : 'URI'}`;
      session.out.result({ from: source.describe(), to: target.describe(), rows }, () => {
        return `copied ${counted(rows, 'row')} from ${source.describe()} to ${target.describe()}; now use it: ${next}`;
      });
    }),
  );
}

async function currentUri(session: Session): Promise<string | null> {
  return (await session.bootstrapSettings()).get('proxy.db.connection');
}

async function withDatabase<T>(
  session: Session,
  connectionUri: string | null,
  migrateFirst: boolean,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const [{ Database }, { SCHEMA_PARTS }] = await Promise.all([
    import('../../platform/database/database.js'),
    import('../../entities.js'),
  ]);
  const database = await Database.open({
    dataDir: session.dataDir,
    connectionUri,
    schema: SCHEMA_PARTS,
    logger: (await session.loggers()).named('database'),
    migrate: migrateFirst,
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
