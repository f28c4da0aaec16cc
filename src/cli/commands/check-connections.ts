import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import type { Connection } from '../diagnosis/connections.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

export function addCheckConnections(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('check-connections')
    .description('check that the database, the storage and, on the connected side, the servers outside can be reached')
    .action(() => commandLine.run(check));
  example(command, 'snap-store-proxy check-connections');
}

async function check(session: Session): Promise<ExitCode> {
  const { checkConnections } = await import('../diagnosis/connections.js');
  const connections = await checkConnections(session);
  const isFine = connections.every(({ state }) => state !== 'failed');
  const line = ({ name, url, state, problem }: Connection): string => {
    if (state === 'ok') return `${name}: ${url}: ${session.out.paint('green', 'OK')}`;
    const word = state === 'failed' ? session.out.paint('red', 'FAILED') : 'not contacted';
    return `${name}: ${url}: ${word} (${problem ?? ''})`;
  };
  // The last line has the incumbent's wording.
  session.out.result({ isFine, connections }, () =>
    [
      ...connections.map(line),
      isFine ? 'All connections appear to be accessible' : 'Not all connections are accessible',
    ].join('\n'),
  );
  return isFine ? EXIT.done : EXIT.unreachable;
}
