import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import type { Connection } from '../diagnosis/connections.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

export function addCheckConnections(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('check-connections')
    .description('check that the database and the storage can be reached')
    .action(() => commandLine.run(check));
  example(command, 'snap-store-proxy check-connections');
}

async function check(session: Session): Promise<ExitCode> {
  const { checkConnections } = await import('../diagnosis/connections.js');
  const connections = await checkConnections(session);
  const isFine = connections.every(({ problem }) => problem === null);
  const line = ({ name, url, problem }: Connection): string =>
    `${name}: ${url}: ${problem === null ? session.out.paint('green', 'OK') : `${session.out.paint('red', 'FAILED')} (${problem})`}`;
  // The last line has the incumbent's wording.
  session.out.result({ isFine, connections }, () =>
    [
      ...connections.map(line),
      isFine ? 'All connections appear to be accessible' : 'Not all connections are accessible',
    ].join('\n'),
  );
  return isFine ? EXIT.done : EXIT.unreachable;
}
