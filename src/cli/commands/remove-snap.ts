import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { parseRevision } from '../options.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

interface RemoveOptions {
  readonly revision?: number;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export function addRemoveSnap(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('remove-snap')
    .description('remove a snap, or one revision of it; refuses what something held still needs')
    .argument('<name>', 'the snap')
    .option('--revision <revision>', 'only this revision', parseRevision)
    .option('--dry-run', 'only say what would go, and what needs it')
    .option('--force', 'remove it although something needs it')
    .action((name: string, options: RemoveOptions) =>
      commandLine.run((session) => remove(session, parseSnapName(name), options)),
    );
  example(command, 'snap-store-proxy remove-snap jq --revision 5', 'snap-store-proxy remove-snap jq --dry-run');
}

async function remove(session: Session, name: string, options: RemoveOptions): Promise<undefined> {
  await session.withStore(async (store) => {
    const { SnapRemover } = await import('../../modules/integrity/index.js');
    const removal = options.revision === undefined ? {} : { revision: options.revision };
    const remover = store.get(SnapRemover);
    const isRehearsal = options.dryRun === true;
    const { plan, freedBytes } = isRehearsal
      ? { plan: await remover.plan(name, removal), freedBytes: 0 }
      : await remover.remove(name, { ...removal, force: options.force === true });
    session.out.result({ dryRun: isRehearsal, ...plan, freedBytes }, () => {
      const revisions = plan.revisions.map(({ revision }) => revision).join(', ');
      const closed = plan.closes.map(({ channel, architecture }) => `${channel} ${architecture}`);
      const verb = isRehearsal ? 'would remove' : 'removed';
      return [
        `${verb} ${plan.isWholeSnap ? `${name}, all of it` : name}: revision ${revisions}`,
        ...plan.components.map(({ name: component, revision }) => `${verb} ${name}+${component}: revision ${revision}`),
        ...closed.map((channel) => `${isRehearsal ? 'would close' : 'closed'} ${channel}`),
        ...plan.neededBy.map((reason) => `needed by ${reason}`),
        isRehearsal
          ? `${counted(plan.blobs.length, 'file')} would go with it`
          : `${counted(plan.blobs.length, 'file')} went with it, ${renderBytes(freedBytes)}`,
      ].join('\n');
    });
  });
}
