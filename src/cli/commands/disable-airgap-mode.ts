import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { UsageError } from '../cli.errors.js';
import { example } from '../example.js';
import type { Session } from '../session.js';

interface DisableFlags {
  readonly yesThisStoreMayGoOnline?: boolean;
}

export function addDisableAirgapMode(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('disable-airgap-mode')
    .description('let the store connect to the world outside again; recorded')
    .option('--yes-this-store-may-go-online', 'without it nothing is done')
    .action((flags: DisableFlags) => commandLine.run((session) => disable(session, flags)));
  example(command, 'snap-store-proxy disable-airgap-mode --yes-this-store-may-go-online');
}

async function disable(session: Session, flags: DisableFlags): Promise<undefined> {
  if (flags.yesThisStoreMayGoOnline !== true)
    throw new UsageError('this ends the isolation of the store', 'say --yes-this-store-may-go-online if it may');
  const [{ whoTypes }, { FenceFile, APPLY_FENCE }] = await Promise.all([
    import('../os-user.js'),
    import('../fence-file.js'),
  ]);
  const by = whoTypes();
  const fence = await FenceFile.open((text) => {
    session.out.note(text);
  });
  try {
    await session.withStore(async (store) => {
      const { AirgapSwitch, NO_FENCE } = await import('../../modules/airgap-policy/index.js');
      await store.get(AirgapSwitch).disable(by);
      await fence?.write(NO_FENCE);
      if (fence !== null) session.out.note(`the kernel still fences the service in; let it go with: ${APPLY_FENCE}`);
      session.out.result({ airGapped: false }, () => 'The store is not in air-gapped mode any more');
    });
  } finally {
    await fence?.close();
  }
}
