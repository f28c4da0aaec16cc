import type { Command } from 'commander';

import type { Enabled } from '../../modules/airgap-policy/index.js';
import type { CommandLine } from '../command-line.js';
import { UsageError } from '../cli.errors.js';
import { example } from '../example.js';
import { newPassword } from '../secrets.js';
import type { Session } from '../session.js';

interface EnableFlags {
  readonly password?: string;
  readonly changePassword?: boolean;
}

const VARIABLE = 'PROXY_ACCESS_PASSWORD';

export function addEnableAirgapMode(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('enable-airgap-mode')
    .description(
      'close the store off: it connects to nothing but its database and the other servers that are configured, and it is managed ' +
        'with this password',
    )
    .option('--password <password>', `the access password (safer: ${VARIABLE}, standard input, or the prompt)`)
    .option(
      '--change-password',
      'where the store is in air-gapped mode already: set this password instead of the one it has',
    )
    .action((flags: EnableFlags) => commandLine.run((session) => enable(session, flags)));
  example(
    command,
    'snap-store-proxy enable-airgap-mode --password PASSWORD',
    'snap-store-proxy enable-airgap-mode < password-file',
  );
}

async function enable(session: Session, flags: EnableFlags): Promise<undefined> {
  const given = await givenPassword(session, flags);
  const [{ whoTypes }, { FenceFile, APPLY_FENCE }] = await Promise.all([
    import('../os-user.js'),
    import('../fence-file.js'),
  ]);
  const by = whoTypes();
  await refuseWithoutDatabase(session);
  const fence = await FenceFile.open((text) => {
    session.out.note(text);
  });
  try {
    await session.withStore(async (store) => {
      const { AirgapMode, AirgapSwitch, fenceOf, fenceText, closedNetwork } =
        await import('../../modules/airgap-policy/index.js');
      const { Settings } = await import('../../platform/config/settings.js');
      const mode = store.get(AirgapMode);
      const airgap = store.get(AirgapSwitch);
      let enabled: Enabled;
      if (given === null && mode.isOn() && mode.since !== null && flags.changePassword !== true) {
        enabled = { outcome: 'already-on', since: mode.since, warnings: [] };
      } else {
        if (given === null) await airgap.checkReadiness();
        const password = given ?? (await newPassword(session.io, { what: 'access password', variable: VARIABLE }));
        enabled = await airgap.enable({ password, by, changePassword: flags.changePassword === true });
      }
      for (const warning of enabled.warnings) session.out.note(`warning: ${warning}`);
      if (fence !== null) {
        const allowed = await fenceOf(...closedNetwork(store.get(Settings)));
        await fence.write(fenceText(allowed));
        for (const name of allowed.unresolved)
          session.out.note(`warning: ${name} cannot be resolved, so ${fence.path} does not let the store reach it`);
        session.out.note(`${fence.path} fences the service in; apply it with: ${APPLY_FENCE}`);
      }
      const { outcome, since, warnings } = enabled;
      session.out.result({ airGapped: true, outcome, since, warnings, fence: fence?.path ?? null }, () =>
        sentence(enabled),
      );
    });
  } finally {
    await fence?.close();
  }
}

function sentence({ outcome, since }: Enabled): string {
  if (outcome === 'enabled') return 'The store is in air-gapped mode now';
  const already = `The store is in air-gapped mode already, since ${since.toISOString()}`;
  return outcome === 'already-on' ? `${already}; nothing was changed` : `${already}; its access password was changed`;
}

async function refuseWithoutDatabase(session: Session): Promise<void> {
  const [{ hasDatabase }, { NotReadyError, NO_DATABASE }] = await Promise.all([
    import('../../platform/database/presence.js'),
    import('../../modules/airgap-policy/index.js'),
  ]);
  const uri = (await session.bootstrapSettings()).get('proxy.db.connection');
  if (!(await hasDatabase(session.dataDir, uri))) throw new NotReadyError(NO_DATABASE);
}

/** From the flag, the environment or standard input; null where it may have to be asked for. */
async function givenPassword(session: Session, flags: EnableFlags): Promise<string | null> {
  if (flags.password !== undefined) {
    if (flags.password === '') throw new UsageError('--password is empty');
    session.out.note(
      `others on this machine can see what follows --password; ${VARIABLE} or standard input keep it to yourself`,
    );
    return flags.password;
  }
  const { environmentVariable } = await import('../../platform/config/environment.js');
  return environmentVariable(VARIABLE);
}
