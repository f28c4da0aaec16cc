import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

export function addCohorts(parent: Command, commandLine: CommandLine): void {
  const cohorts = parent
    .command('cohorts')
    .description('let devices see the channels of a snap as they are now, so that all of them get the same revision');
  example(cohorts, 'snap-store-proxy cohorts create jq');
  const creating = cohorts
    .command('create')
    .description('make a key for the channels as they are now; devices follow it with "snap refresh --cohort=KEY"')
    .argument('<name...>', 'the snaps')
    .action((names: string[]) => commandLine.run((session) => create(session, names.map(parseSnapName))));
  example(creating, 'snap-store-proxy cohorts create jq');
  const showing = cohorts
    .command('show')
    .description('say what a key stands for, and whether it still counts')
    .argument('<key>', 'as "cohorts create" or "snap create-cohort" printed it')
    .action((key: string) => commandLine.run((session) => show(session, key)));
  example(
    showing,
    'snap-store-proxy cohorts show cohort1.anFqcWpxanFqcWpxanFqcWpxanFqcWpxanFqcWpxanEgNyAxNzY3.N3Qm0ZbL',
  );
  const ending = cohorts
    .command('end')
    .description('end all cohorts of a snap: keys that were made until now are as good as expired')
    .argument('<name>', 'the snap')
    .action((name: string) => commandLine.run((session) => end(session, parseSnapName(name))));
  example(ending, 'snap-store-proxy cohorts end jq');
}

async function create(session: Session, names: readonly string[]): Promise<undefined> {
  await session.withStore(async (store) => {
    const { CohortDesk } = await import('../../modules/catalog/index.js');
    const cohorts = await store.get(CohortDesk).make(names);
    session.out.result({ cohorts }, () =>
      cohorts.map(({ name, key, expiresAt }) => `${name} ${key} (until ${day(expiresAt)})`).join('\n'),
    );
  });
}

async function show(session: Session, key: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { CohortDesk } = await import('../../modules/catalog/index.js');
    const cohort = await store.get(CohortDesk).describe(key);
    session.out.result(cohort, () => {
      const { name, madeAt, expiresAt, state, channels } = cohort;
      const head = `${name}: made ${madeAt.toISOString()}, until ${expiresAt.toISOString()}, ${state}`;
      const rows = channels.map(({ channel, architecture, revision }) => [channel, architecture, String(revision)]);
      return `${head}\n${renderTable(['Channel', 'Architecture', 'Revision'], rows)}`;
    });
  });
}

async function end(session: Session, name: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { CohortDesk } = await import('../../modules/catalog/index.js');
    const endedAt = await store.get(CohortDesk).end(name);
    session.out.result({ name, endedAt }, () => `all cohorts of ${name} from before ${endedAt.toISOString()} are over`);
  });
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
