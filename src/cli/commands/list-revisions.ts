import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderBytes, renderTable } from '../table.js';

export function addListRevisions(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('list-revisions')
    .description('list the revisions of a snap that this store holds, newest first')
    .argument('<name>', 'the snap')
    .action((name: string) => commandLine.run((session) => list(session, parseSnapName(name))));
  example(command, 'snap-store-proxy list-revisions jq');
}

async function list(session: Session, name: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ListingService } = await import('../../modules/catalog/index.js');
    const revisions = await store.get(ListingService).revisionsOf(name);
    const hasComponents = revisions.some(({ components }) => components.length > 0);
    session.out.result({ name, revisions }, () =>
      renderTable(
        [
          ...['Revision', 'Version', 'Architectures', 'Base', 'Size', 'Created', 'Channels'],
          ...(hasComponents ? ['Components'] : []),
        ],
        revisions.map(({ revision, version, architectures, base, sizeBytes, createdAt, channels, components }) => [
          String(revision),
          version,
          architectures.join(','),
          base ?? '-',
          renderBytes(sizeBytes),
          createdAt.toISOString().slice(0, 10),
          [...new Set(channels.map(({ channel }) => channel))].join(',') || '-',
          ...(hasComponents ? [components.map((one) => `${one.name} ${one.revision}`).join(',') || '-'] : []),
        ]),
      ),
    );
  });
}
