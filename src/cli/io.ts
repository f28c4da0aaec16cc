import type { Readable } from 'node:stream';

import { environmentVariable } from '../platform/config/environment.js';
import { onStopSignal } from '../platform/process/stop-signals.js';
import { InterruptedError } from './cli.errors.js';

/** What a command line has of the world around it; tests hand in their own. */
export interface CommandLineIo {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Columns of the terminal that stderr is; null where it is none. */
  readonly progressColumns: () => number | null;
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
}

/** Something that takes text. What is written after its reader has gone (`… | head -1`) is dropped. */
export interface TextSink {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  write(text: string): void;
  /** Resolves when all that was written has gone out, or has nowhere to go. */
  flush(): Promise<void>;
}

/** The running process, with its signals taken: the first one aborts, the second one ends the process at once. */
export function processIo(): CommandLineIo {
  const abort = new AbortController();
  onStopSignal((signal) => {
    abort.abort(new InterruptedError(`interrupted by ${signal}; nothing was left half-done`));
  });
  return {
    stdin: process.stdin,
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    progressColumns: () => (process.stderr.isTTY ? process.stderr.columns || 80 : null),
    signal: abort.signal,
  };
}

function sinkOf(stream: NodeJS.WriteStream): TextSink {
  let readerIsGone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    readerIsGone = true;
  });
  const isTerminal = stream.isTTY;
  return {
    isTerminal,
    hasColor: isTerminal && environmentVariable('NO_COLOR') === null && environmentVariable('TERM') !== 'dumb',
    write: (text) => {
      if (!readerIsGone) stream.write(text);
    },
    flush: () =>
      new Promise((resolve) => {
        if (readerIsGone) resolve();
        else
          stream.write('', () => {
            resolve();
          });
      }),
  };
}
