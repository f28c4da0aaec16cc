import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import type { Check } from '../diagnosis/doctor.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Color } from '../output.js';
import type { Session } from '../session.js';

export function addDoctor(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('doctor')
    .description('check everything that could be wrong with this installation; changes nothing')
    .action(() => commandLine.run(examine));
  example(command, 'snap-store-proxy doctor');
}

const SHOWN: Record<Check['state'], readonly [string, Color]> = {
  ok: ['OK', 'green'],
  warning: ['WARNING', 'yellow'],
  failed: ['FAILED', 'red'],
};

async function examine(session: Session): Promise<ExitCode> {
  const { examine: examineAll } = await import('../diagnosis/doctor.js');
  const checks = await examineAll(session);
  const isWell = checks.every(({ state }) => state !== 'failed');
  session.out.result({ isWell, checks }, () =>
    checks
      .map(({ name, state, message }) => {
        const [word, color] = SHOWN[state];
        return `${session.out.paint(color, word)} ${name}: ${message}`;
      })
      .join('\n'),
  );
  return isWell ? EXIT.done : EXIT.failed;
}
