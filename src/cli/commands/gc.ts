import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

export function addGc(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('gc')
    .description('remove files that nothing needs: of removed snaps and of imports that did not finish')
    .option('--dry-run', 'only say what would go')
    .action((options: { readonly dryRun?: boolean }) =>
      commandLine.run((session) => collect(session, options.dryRun === true)),
    );
  example(command, 'snap-store-proxy gc --dry-run');
}

async function collect(session: Session, dryRun: boolean): Promise<undefined> {
  await session.withStore(async (store) => {
    const { Collector } = await import('../../modules/blobs/index.js');
    const report = await store.get(Collector).collect({ dryRun });
    session.out.result(report, () => {
      const verb = dryRun ? 'would remove' : 'removed';
      const lines = report.blobs.map(({ sha3_384, sizeBytes }) => `${sha3_384}  ${renderBytes(sizeBytes)}`);
      const what = `${counted(report.blobs.length, 'file')} and ${counted(report.stagings.length, 'unfinished import')}`;
      return [...lines, `${verb} ${what}, ${renderBytes(report.freedBytes)}`].join('\n');
    });
  });
}
