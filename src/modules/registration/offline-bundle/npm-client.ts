import { spawn } from 'node:child_process';

import { packageManagerEnvironment } from '../../../platform/config/environment.js';
import type { PinnedPackage } from './architectures.js';
import { PackageUnavailableError } from './offline-bundle.errors.js';

const OUTPUT_LIMIT_BYTES = 64 * 1024;

/**
 * The operator's own npm, as a child process: it knows the registry, the proxy and the certificates that the operator's
 * configuration names. Nothing of a package is run.
 */
export class NpmClient {
  constructor(private readonly program = 'npm') {}

  /**
   * Brings the packed file of one package into a folder that is empty.
   * @throws PackageUnavailableError with npm's reason; the signal's reason when aborted
   */
  async pack({ name, version }: PinnedPackage, folder: string, signal: AbortSignal): Promise<void> {
    const what = `${name}@${version}`;
    const args = ['pack', what, '--pack-destination', folder, '--ignore-scripts', '--json', '--loglevel=error'];
    const outcome = await this.run(args, folder, signal);
    signal.throwIfAborted();
    if (outcome.exitCode === 0) return;
    const reason = outcome.exitCode === null ? outcome.errors : reasonIn(outcome.output) || lastLine(outcome.errors);
    const message = `${what} is needed for the bundle, and npm could not fetch it: ${reason || 'it did not say why'}`;
    throw new PackageUnavailableError(message, { name: what, reason });
  }

  private run(
    args: readonly string[],
    cwd: string,
    signal: AbortSignal,
  ): Promise<{ exitCode: number | null; output: string; errors: string }> {
    return new Promise((resolve) => {
      const collected = { output: '', errors: '' };
      const child = spawn(this.program, args, {
        cwd,
        env: packageManagerEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
        signal,
      });
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        collected.output = (collected.output + text).slice(-OUTPUT_LIMIT_BYTES);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        collected.errors = (collected.errors + text).slice(-OUTPUT_LIMIT_BYTES);
      });
      child.once('error', (error: NodeJS.ErrnoException) => {
        const errors = error.code === 'ENOENT' ? `there is no "${this.program}" to run` : error.message;
        resolve({ exitCode: null, output: '', errors });
      });
      child.once('close', (exitCode) => {
        resolve({ exitCode, ...collected });
      });
    });
  }
}

/** With --json npm says `{"error":{"code","summary","detail"}}`. */
function reasonIn(output: string): string {
  try {
    const { error } = JSON.parse(output) as { error?: { code?: unknown; summary?: unknown } };
    return [error?.code, error?.summary].filter((part) => typeof part === 'string' && part !== '').join(': ');
  } catch {
    return '';
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
