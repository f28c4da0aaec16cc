import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { counted } from '../table.js';

export function addMigrateDatabase(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('migrate-database')
    .description('bring the database schema up to date (every start does it too)')
    .action(() => commandLine.run(migrate));
  example(command, 'snap-store-proxy migrate-database');
}

async function migrate(session: Session): Promise<undefined> {
  await session.becomeOwner();
  const [{ Database }, { migrate: runMigrations }, { SCHEMA_PARTS }] = await Promise.all([
    import('../../platform/database/database.js'),
    import('../../platform/database/migrate.js'),
    import('../../entities.js'),
  ]);
  const settings = await session.bootstrapSettings();
  const database = await Database.open({
    dataDir: session.dataDir,
    connectionUri: settings.get('proxy.db.connection'),
    schema: SCHEMA_PARTS,
    logger: (await session.loggers()).named('database'),
    migrate: false,
  });
  try {
    const migrations = await runMigrations(database.dataSource);
    session.out.result({ database: database.describe(), migrations }, () =>
      migrations.length === 0
        ? `the database (${database.describe()}) is up to date`
        : `ran ${counted(migrations.length, 'migration')} on the database (${database.describe()}): ${migrations.join(', ')}`,
    );
  } finally {
    await database.close();
  }
}
