import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { KeyProgressLine } from '../key-progress.js';
import type { Session } from '../session.js';

export function addGenerateKeys(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('generate-keys')
    .description("make the store's identity (RSA-4096) and the signer of its bundles (Ed25519), sealed at rest")
    .option('--force', 'retire the keys that are there now; what was registered with them has to be registered again')
    .action((options: { readonly force?: boolean }) =>
      commandLine.run((session) => generate(session, options.force === true)),
    );
  example(command, 'snap-store-proxy generate-keys');
}

async function generate(session: Session, force: boolean): Promise<undefined> {
  await session.withStore(async (store) => {
    const { KeyService } = await import('../../modules/keys/index.js');
    const keys = store.get(KeyService);
    const before = await keys.find('identity');
    const { identity, signer } = await KeyProgressLine.during(session, 'generate-keys', (onProgress) =>
      keys.generate({ force, onProgress, signal: session.signal }),
    );
    session.out.result({ identity, signer }, () =>
      [`identity: ${identity.id} (RSA, 4096 bits)`, `signer:   ${signer.id} (Ed25519)`].join('\n'),
    );
    if (before !== null)
      session.out.note(`${before.id} is retired: a store that was registered with it has to register again`);
  });
}
