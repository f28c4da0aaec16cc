import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { messageOf } from '../../../kernel/store-error.js';
import { DeltaFailedError } from './deltas.errors.js';

export interface ProgramBounds {
  readonly timeMs: number;
  /** Of its resident memory. */
  readonly memoryBytes: number;
  readonly signal?: AbortSignal | undefined;
}

const WATCH_EVERY_MS = 250;
const LOWEST_PRIORITY = 19;
const MAX_COMPLAINT = 500;

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: Error | null;
}

/**
 * Hands a program its input and gives what it prints, as it comes. It runs at the lowest priority, with nothing of this process's
 * environment, and is killed where it takes too long or too much memory, and where nobody reads on.
 * @param file an absolute path
 * @throws DeltaFailedError where it does not end well; what the input throws; the signal's reason; EgressRefusedError
 */
export async function* runBounded(
  file: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  { timeMs, memoryBytes, signal }: ProgramBounds,
): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted();
  const child = spawn(file, args, { stdio: 'pipe', env: {}, cwd: '/' });
  const fate: { broken: Error | null } = { broken: null };
  const stop = (reason: unknown): void => {
    fate.broken ??= reason instanceof Error ? reason : new Error(messageOf(reason));
    child.kill('SIGKILL');
  };
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => {
      resolve({ code: null, signal: null, error });
    });
    child.once('close', (code, by) => {
      resolve({ code, signal: by, error: null });
    });
  });
  lower(child.pid);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, MAX_COMPLAINT);
  });
  const fed = pipeline(Readable.from(input), child.stdin).catch((error: unknown) => {
    // A program that needs no more of its input, or has failed, says so by how it ends.
    if (!isClosedPipe(error)) stop(error);
  });
  const timer = setTimeout(() => {
    stop(new DeltaFailedError(`xdelta3 took longer than ${timeMs / 1000} seconds`));
  }, timeMs);
  const watch = setInterval(() => {
    void residentBytes(child.pid).then((bytes) => {
      if (bytes > memoryBytes) stop(new DeltaFailedError(`xdelta3 took more than ${memoryBytes} bytes of memory`));
    });
  }, WATCH_EVERY_MS);
  const abort = (): void => {
    stop(signal?.reason);
  };
  signal?.addEventListener('abort', abort);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const ending = await ended;
    await fed;
    check(fate.broken, ending, complaint);
  } catch (error) {
    throw fate.broken ?? error;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    signal?.removeEventListener('abort', abort);
    child.kill('SIGKILL');
    await ended;
    await fed;
  }
}

function check(broken: Error | null, { code, signal, error }: Ending, complaint: string): void {
  if (broken !== null) throw broken;
  if (error !== null) throw new DeltaFailedError(`xdelta3 could not be started: ${error.message}`);
  if (code === 0) return;
  const how = code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${code}`;
  // Its paths are those of this machine, and concern nobody.
  const said = complaint.trim().split('\n').at(-1)?.replaceAll(/\/\S+/g, '…') ?? '';
  throw new DeltaFailedError(said === '' ? `xdelta3 ${how}` : `xdelta3 ${how}: ${said}`);
}

/** Serving comes first. */
function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, LOWEST_PRIORITY);
  } catch {
    // It has ended already, or may not be slowed down here.
  }
}

/** 0 where it has ended. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function isClosedPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
