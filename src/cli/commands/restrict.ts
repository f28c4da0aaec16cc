import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { RestrictedSnap } from '../../modules/devices/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

interface AudienceOptions {
  readonly brand?: string;
  readonly model?: string;
}

export function addRestrict(parent: Command, commandLine: CommandLine): void {
  const restrict = parent.command('restrict').description('keep a snap for the devices of a brand or of a model');
  example(
    restrict,
    'snap-store-proxy restrict till-app --brand acme',
    'snap-store-proxy restrict till-app --brand acme --model till-2',
    'snap-store-proxy restrict list',
  );
  const adding = restrict
    .command('add', { isDefault: true })
    .description('keep a snap for these devices beside those that it is kept for already; "add" may be left out')
    .argument('<name>', 'a snap whose declaration is held')
    .requiredOption('--brand <id>', 'devices of this brand')
    .option('--model <name>', 'and only of this model of it')
    .action((name: string, { brand = '', model }: AudienceOptions) =>
      commandLine.run((session) => add(session, parseSnapName(name), brand, model ?? null)),
    );
  example(adding, 'snap-store-proxy restrict add till-app --brand acme --model till-2');
  const listing = restrict
    .command('list')
    .description('list the snaps that are not for every device')
    .action(() => commandLine.run(list));
  example(listing, 'snap-store-proxy restrict list --format json');
  const clearing = restrict
    .command('clear')
    .description('let a snap be for every device again, or take back a part of what it is kept for')
    .argument('<name>', 'the snap')
    .option('--brand <id>', 'what it is kept for of this brand')
    .option('--model <name>', 'and of this model of it')
    .action((name: string, options: AudienceOptions) =>
      commandLine.run((session) => clear(session, parseSnapName(name), options)),
    );
  example(clearing, 'snap-store-proxy restrict clear till-app');
}

async function add(session: Session, name: string, brandId: string, model: string | null): Promise<undefined> {
  await session.withStore(async (store) => {
    const { RestrictionService } = await import('../../modules/devices/index.js');
    const restricted = await store.get(RestrictionService).restrict(name, { brandId, model });
    session.out.result(restricted, () => sentenceOf(restricted));
  });
}

async function list(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { RestrictionService } = await import('../../modules/devices/index.js');
    const snaps = await store.get(RestrictionService).list();
    session.out.result({ snaps }, () =>
      renderTable(
        ['Snap', 'Brand', 'Model'],
        snaps.flatMap(({ name, audiences }) => audiences.map(({ brandId, model }) => [name, brandId, model ?? 'any'])),
      ),
    );
  });
}

async function clear(session: Session, name: string, { brand, model }: AudienceOptions): Promise<undefined> {
  if (model !== undefined && brand === undefined) throw new UsageError('--model goes with --brand');
  await session.withStore(async (store) => {
    const { RestrictionService } = await import('../../modules/devices/index.js');
    const left = await store.get(RestrictionService).clear(name, brand, model);
    session.out.result(left, () => sentenceOf(left));
  });
}

function sentenceOf({ name, audiences }: RestrictedSnap): string {
  if (audiences.length === 0) return `${name} is for every device`;
  const kept = audiences.map(({ brandId, model }) => (model === null ? brandId : `${brandId}/${model}`));
  return `${name} is for devices of ${kept.join(', ')} only`;
}
