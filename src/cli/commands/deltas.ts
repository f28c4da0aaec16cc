import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { DeltaLine } from '../../modules/catalog/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { parseRevision } from '../options.js';
import type { Session } from '../session.js';
import { counted, renderBytes, renderTable } from '../table.js';

interface Between {
  readonly from?: number;
  readonly to?: number;
}

export function addDeltas(parent: Command, commandLine: CommandLine): void {
  const deltas = parent
    .command('deltas')
    .description(
      'what spares devices fetching a whole snap when they refresh; proxy.deltas.enabled makes them by themselves',
    );
  example(deltas, 'snap-store-proxy config proxy.deltas.enabled=true', 'snap-store-proxy deltas list');
  const listing = deltas
    .command('list')
    .description('list the deltas that there are, and those that were in vain, with the reason')
    .argument('[name]', 'only those of this snap')
    .action((name?: string) => commandLine.run((session) => list(session, nameOf(name))));
  example(listing, 'snap-store-proxy deltas list', 'snap-store-proxy deltas list jq --format json');
  const making = deltas
    .command('make')
    .description('make the deltas of a snap that devices may ask for, or just one; one that was in vain is tried again')
    .argument('<name>', 'the snap')
    .option('--from <revision>', 'from this revision alone, which devices have', parseRevision)
    .option('--to <revision>', 'to this one', parseRevision)
    .action((name: string, between: Between) =>
      commandLine.run((session) => make(session, parseSnapName(name), keyOf(between))),
    );
  example(making, 'snap-store-proxy deltas make jq', 'snap-store-proxy deltas make jq --from 5 --to 7');
  const dropping = deltas
    .command('drop')
    .description('remove deltas; devices fetch whole snaps then. While they are made by themselves they come back')
    .argument('[name]', 'those of this snap')
    .option('--from <revision>', 'the one from this revision', parseRevision)
    .option('--to <revision>', 'to this one', parseRevision)
    .option('--all', 'those of all snaps')
    .action((name: string | undefined, options: Between & { readonly all?: boolean }) =>
      commandLine.run((session) => drop(session, nameOf(name), options)),
    );
  example(dropping, 'snap-store-proxy deltas drop jq --from 5 --to 7', 'snap-store-proxy deltas drop --all');
}

async function list(session: Session, name: string | null): Promise<undefined> {
  await session.withStore(async (store) => {
    const { DeltaService } = await import('../../modules/catalog/index.js');
    const deltas = await store.get(DeltaService).list(name);
    session.out.result({ deltas }, () => render(deltas));
  });
}

async function make(session: Session, name: string, only: Key | undefined): Promise<undefined> {
  await session.withStore(async (store) => {
    const { DeltaService } = await import('../../modules/catalog/index.js');
    const progress = session.progress(name);
    try {
      const deltas = await store.get(DeltaService).make(name, {
        only,
        signal: session.signal,
        onStart: ({ sourceRevision, targetRevision }, done, total) => {
          const step = `making the delta from revision ${sourceRevision} to ${targetRevision}`;
          progress.report({ step, done, total, unit: 'items' });
        },
      });
      progress.end();
      session.out.result({ deltas }, () =>
        deltas.length === 0 ? `${name} has no older revision of one that is released` : render(deltas),
      );
    } finally {
      progress.end();
    }
  });
}

async function drop(
  session: Session,
  name: string | null,
  options: Between & { readonly all?: boolean },
): Promise<undefined> {
  const only = keyOf(options);
  const isAll = options.all === true;
  if (isAll === (name !== null)) throw new UsageError('name a snap, or give --all');
  if (isAll && only !== undefined) throw new UsageError('--all goes without --from and --to');
  await session.withStore(async (store) => {
    const { DeltaService } = await import('../../modules/catalog/index.js');
    const { dropped, freedBytes } = await store.get(DeltaService).drop(name, only);
    session.out.result({ dropped, freedBytes }, () => {
      return `removed ${counted(dropped.length, 'delta')}, ${renderBytes(freedBytes)}`;
    });
  });
}

interface Key {
  readonly sourceRevision: number;
  readonly targetRevision: number;
}

function keyOf({ from, to }: Between): Key | undefined {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) throw new UsageError('--from and --to go together');
  if (from === to) throw new UsageError('--from and --to are the same revision');
  return { sourceRevision: from, targetRevision: to };
}

function nameOf(name: string | undefined): string | null {
  return name === undefined ? null : parseSnapName(name);
}

function render(deltas: readonly DeltaLine[]): string {
  return renderTable(['Snap', 'From', 'To', 'Size', 'Of', 'State', 'Since', 'Why'], deltas.map(row));
}

function row({ name, source, target, sizeBytes, snapSizeBytes, state, decidedAt, reason }: DeltaLine): string[] {
  const size = sizeBytes === null ? '-' : renderBytes(sizeBytes);
  const share = sizeBytes === null ? '-' : `${Math.max(1, Math.round((100 * sizeBytes) / snapSizeBytes))} %`;
  const since = decidedAt.toISOString().slice(0, 10);
  return [name, String(source), String(target), size, share, state, since, reason ?? ''];
}
