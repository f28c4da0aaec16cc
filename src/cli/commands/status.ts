import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import type { StoreStatus } from '../diagnosis/status.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

export function addStatus(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('status')
    .description('say what this store is, what it holds and which of its services run')
    .action(() => commandLine.run(show));
  example(command, 'snap-store-proxy status', 'snap-store-proxy status --format json');
}

async function show(session: Session): Promise<ExitCode> {
  const { readStatus } = await import('../diagnosis/status.js');
  const { status, problem } = await readStatus(session);
  session.out.result(status, () => renderStatus(status));
  return problem?.exitCode ?? EXIT.done;
}

/** Scripts read the first five lines by their wording, and charms read all of it as YAML: no second colon in a line. */
export function renderStatus({
  storeUrl,
  storeDb,
  isAirGapped,
  registration,
  storeId,
  holdings,
  services,
}: StoreStatus): string {
  return [
    `Store URL: ${storeUrl}`,
    `Store DB: ${storeDb.reason === null ? storeDb.state : `${storeDb.state} (${plain(storeDb.reason)})`}`,
    ...(isAirGapped ? ['Store is in air-gapped mode'] : []),
    `Store ID: ${storeId ?? (registration === 'self-issued' ? 'not registered (self-issued)' : 'not registered')}`,
    holdings === null
      ? 'Snaps: unknown'
      : `Snaps: ${holdings.snaps} (${counted(holdings.revisions, 'revision')}, ${renderBytes(holdings.sizeBytes)})`,
    'Internal Service Status:',
    ...Object.entries(services).map(([name, state]) => `  ${name}: ${plain(state)}`),
  ].join('\n');
}

/** On one line, and without what YAML would take for a mapping or a comment. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/: /g, ', ').replace(/ #/g, ' ');
}
