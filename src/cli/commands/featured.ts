import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { CurationService, FeaturedSnaps } from '../../modules/catalog/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

export function addFeatured(parent: Command, commandLine: CommandLine): void {
  const featured = parent
    .command('featured')
    .description('say which snaps "snap find" shows to whoever looks for nothing in particular');
  example(featured, 'snap-store-proxy featured set jq hello');
  const listing = featured
    .command('list')
    .description('list the featured snaps in their order, and whose list it is')
    .action(() => commandLine.run((session) => tell(session, (curation) => curation.featured())));
  example(listing, 'snap-store-proxy featured list');
  const adding = featured
    .command('add')
    .description('put snaps at the end of the list; the list is yours from then on, whatever bundles say')
    .argument('<name...>', 'held snaps')
    .action((names: string[]) =>
      commandLine.run((session) => tell(session, (curation) => curation.addFeatured(names.map(parseSnapName)))),
    );
  example(adding, 'snap-store-proxy featured add jq');
  const removing = featured
    .command('remove')
    .description('take snaps off the list; the list is yours from then on, whatever bundles say')
    .argument('<name...>', 'held snaps')
    .action((names: string[]) =>
      commandLine.run((session) => tell(session, (curation) => curation.removeFeatured(names.map(parseSnapName)))),
    );
  example(removing, 'snap-store-proxy featured remove jq');
  const setting = featured
    .command('set')
    .description('make these snaps the featured ones, in this order, and no others; without any, nothing is featured')
    .argument('[name...]', 'held snaps')
    .action((names: string[]) =>
      commandLine.run((session) => tell(session, (curation) => curation.setFeatured(names.map(parseSnapName)))),
    );
  example(setting, 'snap-store-proxy featured set jq hello');
  const clearing = featured
    .command('clear')
    .description('give the list up: what bundles recommend is featured again')
    .action(() => commandLine.run((session) => tell(session, (curation) => curation.clearFeatured())));
  example(clearing, 'snap-store-proxy featured clear');
}

async function tell(session: Session, act: (curation: CurationService) => Promise<FeaturedSnaps>): Promise<undefined> {
  await session.withStore(async (store) => {
    const { CurationService } = await import('../../modules/catalog/index.js');
    const { by, snaps } = await act(store.get(CurationService));
    session.out.result({ by, snaps }, () => {
      const whose = by === 'operator' ? 'as set here' : 'as bundles recommend';
      if (snaps.length === 0) return `no snaps are featured (${whose})`;
      const table = renderTable(
        ['Place', 'Name', 'Title'],
        snaps.map(({ name, title }, place) => [String(place + 1), name, title]),
      );
      return `${table}\n(${whose})`;
    });
  });
}
