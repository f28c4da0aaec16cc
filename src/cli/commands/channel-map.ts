import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { parseNumber } from '../options.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

const DEFAULT_LIMIT = 100;

interface MapOptions {
  readonly history?: boolean;
  readonly limit?: number;
}

export function addChannelMap(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('channel-map')
    .description('show which revision of a snap each open channel holds, or how that came about')
    .argument('<name>', 'the snap')
    .option('--history', 'list how its channels have changed, newest first')
    .option(
      '--limit <n>',
      `with --history: at most so many changes (default: ${DEFAULT_LIMIT})`,
      parseNumber(1, 10_000),
    )
    .action((name: string, options: MapOptions) =>
      commandLine.run((session) => {
        const { history = false, limit } = options;
        if (!history && limit !== undefined) throw new UsageError('--limit goes with --history');
        const snap = parseSnapName(name);
        return history ? showHistory(session, snap, limit ?? DEFAULT_LIMIT) : show(session, snap);
      }),
    );
  example(command, 'snap-store-proxy channel-map jq', 'snap-store-proxy channel-map jq --history');
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

async function showHistory(session: Session, name: string, limit: number): Promise<undefined> {
  await session.withStore(async (store) => {
    const [{ ReleaseService }, { LedgerReader }] = await Promise.all([
      import('../../modules/catalog/index.js'),
      import('../../modules/snap-import/index.js'),
    ]);
    const changes = await store.get(ReleaseService).history(name, limit);
    const imports = new Set(changes.flatMap(({ importId }) => importId ?? []));
    const numbers = await store.get(LedgerReader).numbersOf([...imports]);
    const history = changes.map((change) => ({ ...change, importNumber: numbers.get(change.importId ?? '') ?? null }));
    session.out.result({ name, history }, () =>
      renderTable(
        ['When', 'Channel', 'Architecture', 'From', 'To', 'By', 'Import'],
        history.map(({ at, channel, architecture, from, to, origin, importNumber }) => [
          at.toISOString().slice(0, 19).concat('Z'),
          channel,
          architecture,
          from === null ? 'none' : String(from),
          to === null ? 'closed' : String(to),
          origin,
          importNumber === null ? '-' : String(importNumber),
        ]),
      ),
    );
  });
}
