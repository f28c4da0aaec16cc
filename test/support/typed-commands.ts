import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import type { CommandLineIo, TextSink } from '../../src/cli/io.js';
import { runCommandLine } from '../../src/cli/main.js';
import type { TestStore } from './test-store.js';

export interface Typed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What an operator types, on a test store's data and in this process: all but the start of a program of its own. */
export class TypedCommands {
  private constructor(private readonly globals: readonly string[]) {}

  static async at({ dataDir, uri }: TestStore): Promise<TypedCommands> {
    const config = join(dataDir, 'typed-commands.yaml');
    const settings = { 'proxy.db.connection': uri, 'proxy.trust.extra-roots': join(dataDir, 'roots.assert') };
    await writeFile(config, JSON.stringify(settings));
    return new TypedCommands(['--data-dir', dataDir, '--config', config]);
  }

  async run(...args: string[]): Promise<Typed> {
    const [stdout, stderr] = [sink(), sink()];
    const io: CommandLineIo = {
      stdin: Object.assign(Readable.from([]), { isTTY: false }),
      stdout,
      stderr,
      progressColumns: () => null,
      signal: new AbortController().signal,
    };
    const exitCode = await runCommandLine([...this.globals, ...args], io);
    return { exitCode, stdout: stdout.said(), stderr: stderr.said() };
  }

  /** Runs a command that has to work. @returns what it printed */
  async must(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...args);
    if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  }

  async json(...args: string[]): Promise<unknown> {
    return JSON.parse(await this.must(...args, '--format', 'json'));
  }
}

function sink(): TextSink & { said(): string } {
  let text = '';
  return {
    isTerminal: false,
    hasColor: false,
    write: (more) => {
      text += more;
    },
    flush: () => Promise.resolve(),
    said: () => text,
  };
}
