import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { parseNumber } from '../options.js';
import type { Session } from '../session.js';

interface ServeOptions {
  readonly workers?: number;
  readonly port?: number;
  readonly host?: string;
}

export function addServe(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('serve')
    .description('run the store until it is told to stop (Ctrl-C or SIGTERM; a second one stops it at once)')
    .option('--workers <n>', 'processes that share the port', parseNumber(1, 256))
    .option('--port <port>', 'the HTTP port for this time', parseNumber(0, 65535))
    .option('--host <host>', 'the address to listen on for this time')
    .action((options: ServeOptions) => commandLine.run((session) => serve(session, options)));
  example(command, 'snap-store-proxy serve', 'snap-store-proxy serve --port 8000 --workers 4');
}

async function serve(session: Session, options: ServeOptions): Promise<undefined> {
  const { serveAlone, serveWithWorkers } = await import('../serving/index.js');
  const workers = options.workers ?? 1;
  if (workers > 1 || (await losesPort(session, options))) await serveWithWorkers(session, { ...options, workers });
  else await serveAlone(session, options);
}

const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * Whether the data folder's owner may not take one of the ports: then a process that stays root takes it, and a worker serves.
 * The one for HTTPS counts without a certificate too, which may come later.
 */
async function losesPort(session: Session, options: ServeOptions): Promise<boolean> {
  if (!(await session.willChangeUser())) return false;
  const settings = await session.bootstrapSettings();
  const port = options.port ?? Number(settings.get('proxy.port.http'));
  return [port, Number(settings.get('proxy.port.https'))].some((one) => one > 0 && one < FIRST_UNPRIVILEGED_PORT);
}
