import { type Command, Option } from 'commander';

import { CommandLine } from './command-line.js';
import { example } from './example.js';
import { COMMANDS } from './commands/index.js';
import type { CommandLineIo } from './io.js';
import { FORMATS } from './output.js';
import { packageVersion } from '../platform/program-version.js';
import { StoreCommand } from './store-command.js';

export interface Program {
  readonly program: Command;
  readonly commandLine: CommandLine;
}

/** The whole command tree. Nothing in it loads the framework before a command runs. */
export function buildProgram(io: CommandLineIo): Program {
  const program = new StoreCommand('snap-store-proxy');
  const commandLine = new CommandLine(program, io);
  program
    .description(
      'An open, air-gapped snap store: carry snaps across the gap once, and real snapd devices install from it.',
    )
    .option('--config <file>', 'settings from a YAML file, over those that are stored')
    .option('--data-dir <dir>', "the folder with all of the store's state (or SNAP_STORE_PROXY_DATA)")
    .addOption(new Option('--format <format>', 'how to answer').choices(FORMATS).default('text'))
    .option('--no-color', 'no colors on the terminal')
    .option('--quiet', 'no notes and no progress')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => {
        io.stdout.write(text);
      },
      writeErr: (text) => {
        io.stderr.write(text);
      },
      // Errors are printed in one place, in our own words (errors.ts).
      outputError: () => undefined,
      getOutHasColors: () => io.stdout.hasColor,
      getErrHasColors: () => io.stderr.hasColor,
    })
    .exitOverride();
  example(
    program,
    'snap-store-proxy serve',
    'snap-store-proxy push-snap jq-20260101T120000.tar.gz',
    'snap-store-proxy status --format json',
  );
  program.addHelpText('after', EXIT_CODES_HELP);
  for (const add of COMMANDS) add(program, commandLine);
  return { program, commandLine };
}

const EXIT_CODES_HELP = `
Exit codes:
  0 done, 1 refused or failed, 2 wrong usage, 3 verification failed, 4 not allowed, 5 the store cannot be reached
`;
