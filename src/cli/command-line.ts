import type { Command } from 'commander';

import { resolveDataDir } from '../platform/config/data-dir.js';
import { installedGuard } from '../platform/egress/index.js';
import { EXIT, type ExitCode } from './exit-code.js';
import type { CommandLineIo } from './io.js';
import { FORMATS, Output, type Format } from './output.js';
import { Session } from './session.js';

interface GlobalOptions {
  readonly config?: string;
  readonly dataDir?: string;
  readonly format: Format;
  readonly color: boolean;
  readonly quiet?: boolean;
}

/** What the commands share: the program's global options and how a command ends. */
export class CommandLine {
  exitCode: ExitCode = EXIT.done;

  constructor(
    private readonly program: Command,
    readonly io: CommandLineIo,
  ) {}

  /** Runs a command's work; it ends with 0 unless the work says otherwise. */
  async run(work: (session: Session) => Promise<ExitCode | undefined>): Promise<void> {
    const { config, dataDir, format, color, quiet } = this.program.opts<GlobalOptions>();
    const resolvedDataDir = resolveDataDir(dataDir ?? null);
    installedGuard()?.use(resolvedDataDir);
    const output = new Output(this.io.stdout, this.io.stderr, { format, color, quiet: quiet === true });
    const session = new Session({
      dataDir: resolvedDataDir,
      configFile: config ?? null,
      output,
      io: this.io,
    });
    this.exitCode = (await work(session)) ?? EXIT.done;
  }
}

/** The format that was asked for, even where the command line is wrong and was not parsed to its end. */
export function formatAskedFor(args: readonly string[]): Format {
  const at = args.findIndex((arg) => arg === '--format' || arg.startsWith('--format='));
  const asked = args[at]?.startsWith('--format=') ? args[at].slice('--format='.length) : args[at + 1];
  return at >= 0 && (FORMATS as readonly string[]).includes(asked ?? '') ? (asked as Format) : 'text';
}
