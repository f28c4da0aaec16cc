import { Readable } from 'node:stream';

import type { CommandLineIo } from '../../src/cli/io.js';
import { runCommandLine } from '../../src/cli/main.js';
import { SettingsFile } from '../../src/platform/config/settings-file.js';

export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Types a command at a store in this process: what it prints, without what it costs to start the program. */
export async function runCommand(
  store: { readonly dataDir: string; readonly uri: string },
  args: readonly string[],
): Promise<CommandOutcome> {
  await SettingsFile.inDataDir(store.dataDir).change(new Map([['proxy.db.connection', store.uri]]));
  let [stdout, stderr] = ['', ''];
  const sink = (write: (text: string) => void) => ({
    isTerminal: false,
    hasColor: false,
    write,
    flush: () => Promise.resolve(),
  });
  const io: CommandLineIo = {
    stdin: Object.assign(Readable.from([]), { isTTY: false }),
    stdout: sink((text) => (stdout += text)),
    stderr: sink((text) => (stderr += text)),
    progressColumns: () => null,
    signal: new AbortController().signal,
  };
  const exitCode = await runCommandLine(['--data-dir', store.dataDir, ...args], io);
  return { exitCode, stdout, stderr };
}
