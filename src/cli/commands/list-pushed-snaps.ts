import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderBytes, renderTable } from '../table.js';

export function addListPushedSnaps(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('list-pushed-snaps')
    .description('list the snaps that this store holds')
    .action(() => commandLine.run(list));
  example(command, 'snap-store-proxy list-pushed-snaps');
}

async function list(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ListingService } = await import('../../modules/catalog/index.js');
    const snaps = await store.get(ListingService).list();
    // The first two columns are those that scripts know (the incumbent's).
    session.out.result({ snaps }, () =>
      renderTable(
        ['Name', 'Stores', 'Revisions', 'Size', 'Channels', 'Publisher'],
        snaps.map(({ name, stores, revisions, sizeBytes, channels, publisher }) => [
          name,
          stores.join(','),
          revisions.join(','),
          renderBytes(sizeBytes),
          channels.join(',') || '-',
          publisher.username,
        ]),
      ),
    );
  });
}
