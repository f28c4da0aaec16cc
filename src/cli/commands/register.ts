import type { Command } from 'commander';

import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { OfflineOptions } from '../registration/offline.js';
import type { Session } from '../session.js';

interface RegisterOptions extends OfflineOptions {
  readonly offline?: true;
  readonly fromBundle?: string;
  readonly selfIssued?: true;
}

/** What only `--offline` knows what to do with. */
const OFFLINE_ONLY = ['https', 'skipQuestions', 'answers'] as const;
/** About the file that is written; `--from-bundle` writes none. */
const ABOUT_THE_FILE = ['channel', 'arch', 'output', 'installPassword'] as const;

export function addRegister(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('register')
    .description('give this store an identity that devices can believe')
    .option(
      '--offline',
      'register with the authority at proxy.dashboard.location, and write what is carried across the gap',
    )
    .option(
      '--from-bundle <file>',
      "take over the identity in a bundle: ours, or Canonical's offline-snap-store.tar.gz or registration_bundle.b64",
    )
    .option('--self-issued', 'without any authority: no store assertion, devices are pointed at the URL of the store')
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
    'snap-store-proxy register --from-bundle offline-snap-store.tar.gz',
    'snap-store-proxy register --self-issued',
    'snap-store-proxy register --self-issued --output offline-snap-store.tar.gz',
  );
}

async function register(session: Session, options: RegisterOptions): Promise<undefined> {
  const { offline, fromBundle, selfIssued } = options;
  const ways = [offline, fromBundle, selfIssued].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    const how =
      ways.length === 0 ? 'a store is registered in one of three ways' : 'a store is registered in one way at a time';
    throw new UsageError(how, 'register --offline, register --from-bundle FILE, or register --self-issued');
  }
  if (offline === undefined) refuse(options, OFFLINE_ONLY, '--offline only');
  if (fromBundle !== undefined) refuse(options, ABOUT_THE_FILE, '--offline or --self-issued');
  if (fromBundle !== undefined) {
    const { registerFromBundle } = await import('../registration/from-bundle.js');
    return registerFromBundle(session, fromBundle);
  }
  if (selfIssued === true) {
    const { registerSelfIssued } = await import('../registration/self-issued.js');
    return registerSelfIssued(session, options);
  }
  const { registerOffline } = await import('../registration/offline.js');
  return registerOffline(session, options);
}

function refuse(options: RegisterOptions, names: readonly (keyof RegisterOptions)[], goesWith: string): void {
  const stray = names.find((name) => options[name] !== undefined);
  if (stray === undefined) return;
  const flag = stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${flag} goes with ${goesWith}`);
}
