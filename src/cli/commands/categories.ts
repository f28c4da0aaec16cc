import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { CategorizedSnap, CurationService } from '../../modules/catalog/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

export function addCategories(parent: Command, commandLine: CommandLine): void {
  const categories = parent
    .command('categories')
    .description('say in which sections "snap find --section" shows a snap, instead of those that its bundle named');
  example(categories, 'snap-store-proxy categories set jq utilities development');
  const listing = categories
    .command('list')
    .description('list the snaps that are in a category, and who says so')
    .action(() => commandLine.run(list));
  example(listing, 'snap-store-proxy categories list');
  const setting = categories
    .command('set')
    .description('put a snap in these categories and no others; without any, in none')
    .argument('<name>', 'the snap')
    .argument('[category...]', 'small letters, digits and dashes')
    .action((name: string, wanted: string[]) =>
      commandLine.run((session) => tell(session, (curation) => curation.setCategories(parseSnapName(name), wanted))),
    );
  example(setting, 'snap-store-proxy categories set jq utilities development');
  const clearing = categories
    .command('clear')
    .description('leave the categories of a snap to what bundles say again')
    .argument('<name>', 'the snap')
    .action((name: string) =>
      commandLine.run((session) => tell(session, (curation) => curation.clearCategories(parseSnapName(name)))),
    );
  example(clearing, 'snap-store-proxy categories clear jq');
}

async function list(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { CurationService } = await import('../../modules/catalog/index.js');
    const snaps = await store.get(CurationService).categories();
    session.out.result({ snaps }, () =>
      snaps.length === 0 ? 'no snap is in a category' : renderTable(['Name', 'Categories', 'By'], snaps.map(row)),
    );
  });
}

async function tell(
  session: Session,
  act: (curation: CurationService) => Promise<CategorizedSnap>,
): Promise<undefined> {
  await session.withStore(async (store) => {
    const { CurationService } = await import('../../modules/catalog/index.js');
    const snap = await act(store.get(CurationService));
    session.out.result(snap, () =>
      snap.categories.length === 0
        ? `${snap.name} is in no category (by ${snap.by})`
        : `${snap.name} is in ${snap.categories.join(', ')} (by ${snap.by})`,
    );
  });
}

function row({ name, categories, by }: CategorizedSnap): string[] {
  return [name, categories.join(', '), by];
}
