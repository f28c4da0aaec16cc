import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { repeatable } from '../options.js';
import type { Session } from '../session.js';

export function addAssertions(parent: Command, commandLine: CommandLine): void {
  const assertions = parent
    .command('assertions')
    .description('verify assertions, and handle those that the store holds');
  example(assertions, 'snap-store-proxy assertions verify jq_6.assert');
  const verify = assertions
    .command('verify')
    .description('check each assertion against the trusted roots; needs no store')
    .argument('<file...>', 'files of assertions, which may be prerequisites for each other')
    .option('--extra-root <file>', "trust the accounts in this file beside Canonical's (repeatable)", repeatable, [])
    .action((files: string[], options: { readonly extraRoot: string[] }) =>
      commandLine.run((session) => verifyFiles(session, files, options.extraRoot)),
    );
  example(
    verify,
    'snap-store-proxy assertions verify jq_6.assert',
    'snap-store-proxy assertions verify --extra-root lab-root.assert lab.assert',
  );
}

async function verifyFiles(
  { out }: Session,
  files: readonly string[],
  extraRoots: readonly string[],
): Promise<ExitCode> {
  const [{ checkAssertionFiles, checkLine }, { SystemClock }] = await Promise.all([
    import('../../modules/assertions/offline.js'),
    import('../../kernel/clock.js'),
  ]);
  const checked = await checkAssertionFiles(files, extraRoots, new SystemClock());
  const isSound = checked.every(({ refusal }) => refusal === null);
  out.result({ isSound, assertions: checked }, () => checked.map(checkLine).join('\n'));
  return isSound ? EXIT.done : EXIT.verification;
}
