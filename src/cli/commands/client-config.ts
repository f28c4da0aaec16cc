import { type Command, Option } from 'commander';

import type { DeviceKind } from '../../modules/client-setup/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';

const DEVICES: readonly DeviceKind[] = ['classic', 'core'];

export function addClientConfig(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('client-config')
    .description(
      'print the script that points a device at this store; run there as root, with "undo" to take it back. The running store ' +
        'gives it at /client-config too',
    )
    .addOption(new Option('--device <kind>', 'what the device runs').choices(DEVICES).default('classic'))
    .action(({ device }: { readonly device: DeviceKind }) => commandLine.run((session) => print(session, device)));
  example(
    command,
    'snap-store-proxy client-config > store-client.sh',
    'snap-store-proxy client-config --device core | ssh me@device sudo sh',
  );
}

async function print(session: Session, device: DeviceKind): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ClientSetupService } = await import('../../modules/client-setup/index.js');
    const setup = store.get(ClientSetupService);
    const url = await setup.configuredUrl();
    const script = await setup.script(device, url);
    session.out.result({ device, url, script }, () => script);
  });
}
