import { CommanderError } from 'commander';

import { formatAskedFor } from './command-line.js';
import { describeError, printError } from './errors.js';
import { EXIT, type ExitCode } from './exit-code.js';
import type { CommandLineIo } from './io.js';
import { buildProgram } from './program.js';

/** Runs one command line from its arguments to its exit code; it never throws. */
export async function runCommandLine(args: readonly string[], io: CommandLineIo): Promise<ExitCode> {
  const { program, commandLine } = buildProgram(io);
  try {
    await program.parseAsync(args, { from: 'user' });
    return commandLine.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && WAS_ANSWERED.has(error.code)) return EXIT.done;
    // Help on stderr has said what is missing.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const described = describeError(error);
    printError(io.stderr, described, formatAskedFor(args));
    return described.exitCode;
  }
}

const WAS_ANSWERED = new Set(['commander.helpDisplayed', 'commander.version']);
