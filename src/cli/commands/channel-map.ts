import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

export function addChannelMap(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('channel-map')
    .description('show which revision of a snap each open channel holds')
    .argument('<name>', 'the snap')
    .action((name: string) => commandLine.run((session) => show(session, parseSnapName(name))));
  example(command, 'snap-store-proxy channel-map jq');
}

async function show(session: Session, name: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ReleaseService } = await import('../../modules/catalog/index.js');
    const channels = await store.get(ReleaseService).channelMap(name);
    session.out.result({ name, channels }, () =>
      renderTable(
        ['Channel', 'Architecture', 'Revision', 'Version', 'Released', 'By'],
        channels.map(({ channel, architecture, revision, version, releasedAt, origin }) => [
          channel,
          architecture,
          String(revision),
          version,
          releasedAt.toISOString().slice(0, 10),
          origin,
        ]),
      ),
    );
  });
}
