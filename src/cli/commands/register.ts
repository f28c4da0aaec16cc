import type { Command } from 'commander';

import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { OfflineOptions } from '../registration/offline.js';
import type { Session } from '../session.js';

interface RegisterOptions extends OfflineOptions {
  readonly offline?: true;
}

export function addRegister(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('register')
    .description('give this store an identity that devices can believe')
    .option(
      '--offline',
      'register with the authority at proxy.dashboard.location, and write what is carried across the gap',
    )
    .option('--channel <channel>', 'the release line of the program, recorded in the file (default: stable)')
    .option('--arch <arch>', "of the machine that it is carried to (default: this one's)")
    .option('--https', 'register an https URL; a certificate that was imported before says so by itself')
    .option('--skip-questions', 'leave the questions of the authority unanswered')
    .option('--answers <file>', 'answers to its questions: a JSON object by their ids')
    .option('--output <file>', 'the file to write (default: offline-snap-store.tar.gz)')
    .option(
      '--install-password [password]',
      'seal the private key in it; without a value it is asked for, or SNAPSTORE_BETA_PASSWORD',
    )
    .addHelpText(
      'after',
      '\nThe account comes from SNAPSTORE_EMAIL, SNAPSTORE_PASSWORD and SNAPSTORE_OTP, or is asked for at the terminal.',
    )
    .action((options: RegisterOptions) => commandLine.run((session) => register(session, options)));
  example(
    command,
    'snap-store-proxy register --offline',
    'snap-store-proxy register --offline --channel edge --arch arm64 --https --install-password',
  );
}

async function register(session: Session, options: RegisterOptions): Promise<undefined> {
  if (options.offline !== true) {
    throw new UsageError('register how?', 'snap-store-proxy register --offline');
  }
  const { registerOffline } = await import('../registration/offline.js');
  return registerOffline(session, options);
}
