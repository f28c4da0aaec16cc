import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input; nothing where it is absent. */
  readonly input?: string | Buffer;
}

/** Runs a program to its end and hands back what it said, whatever its exit code; a signal counts as 128 + its number. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { input = '', ...others } = options;
    const child = spawn(program, args, { ...others, stdio: ['pipe', 'pipe', 'pipe'] });
    // A program that reads none of it may be gone before it is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ exitCode: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], ...output });
    });
  });
}

/** As `run`, for steps that only prepare a test: a failure is an error that shows what was said. */
export async function runOrThrow(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const outcome = await run(program, args, options);
  if (outcome.exitCode === 0) return outcome;
  throw new Error(
    `${[program, ...args].join(' ')} ended with ${outcome.exitCode}\n${outcome.stdout}${outcome.stderr}`.trimEnd(),
  );
}
