import type { Command } from 'commander';

import type { PartsWaiting } from '../../modules/snap-import/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderBytes, renderTable } from '../table.js';

export function addParts(parent: Command, commandLine: CommandLine): void {
  const parts = parent.command('parts').description('say which parts of bundles wait for the others');
  example(parts, 'snap-store-proxy parts list');
  const listing = parts
    .command('list')
    .description('list the bundles of which push-snap has some parts, and which are missing')
    .action(() => commandLine.run(list));
  example(listing, 'snap-store-proxy parts list --format json');
  const discarding = parts
    .command('discard')
    .description('throw away the parts that wait of a bundle')
    .argument('<bundle>', 'as "parts list" prints it, or the eight digits of its id')
    .action((bundle: string) => commandLine.run((session) => discard(session, bundle)));
  example(discarding, 'snap-store-proxy parts discard 6f6ab1e0');
}

async function list(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { PartImports } = await import('../../modules/snap-import/index.js');
    const bundles = await store.get(PartImports).list();
    session.out.result({ bundles }, () =>
      renderTable(['Bundle', 'Parts', 'Missing', 'Size', 'Since'], bundles.map(row)),
    );
  });
}

async function discard(session: Session, name: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { PartImports } = await import('../../modules/snap-import/index.js');
    const bundles = await store.get(PartImports).discard(name);
    session.out.result({ bundles }, () =>
      bundles.map(({ bundle, present }) => `${bundle}: ${present.length} parts thrown away`).join('\n'),
    );
  });
}

function row({ bundle, total, present, missing, sizeBytes, since }: PartsWaiting): string[] {
  return [bundle, `${present.length}/${total}`, missing.join(','), renderBytes(sizeBytes), since?.slice(0, 10) ?? ''];
}
