import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';

import { messageOf } from '../../../kernel/store-error.js';
import { cryptographicModuleEnvironment } from '../../../platform/config/environment.js';
import { TokenFailedError, TokenToolMissingError } from './token.errors.js';

/** Where Debian and those who build it themselves put it; the egress guard lets no other one start. */
const PLACES: readonly string[] = ['/usr/bin/pkcs11-tool', '/usr/local/bin/pkcs11-tool'];
/** Where the PIN is: the arguments of a process can be read by everybody on the machine. */
const PIN_VARIABLE = 'PKCS11_TOKEN_PIN';
const MAX_OUTPUT_BYTES = 64 * 1024;

export interface ToolRun {
  readonly args: readonly string[];
  /** Logs in with it; null does not log in. */
  readonly pin: string | null;
  /** For its standard input. */
  readonly input?: Buffer;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface ToolOutcome {
  /** Null where it was ended by a signal. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** OpenSC's `pkcs11-tool`, one run at a time each in a process of its own: a vendor's module never gets into this one. */
export class Pkcs11Tool {
  /** @param places where the program may be, the best first */
  constructor(private readonly places: readonly string[] = PLACES) {}

  /** Where it is. @throws TokenToolMissingError */
  async path(): Promise<string> {
    for (const place of this.places) {
      const isThere = await access(place, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return place;
    }
    throw new TokenToolMissingError(this.places);
  }

  /**
   * Runs it to its end, whatever that is.
   * @throws TokenToolMissingError, TokenFailedError where it takes too long or says too much; the signal's reason
   */
  async run({ args, pin, input, timeoutMs, signal }: ToolRun): Promise<ToolOutcome> {
    const path = await this.path();
    signal?.throwIfAborted();
    const login = pin === null ? [] : ['--login', '--pin', `env:${PIN_VARIABLE}`];
    const child = spawn(path, [...args, ...login], {
      cwd: '/',
      env: { ...cryptographicModuleEnvironment(), ...(pin === null ? {} : { [PIN_VARIABLE]: pin }) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Promise((resolve, reject) => {
      let failure: Error | null = null;
      const stop = (error: Error): void => {
        failure ??= error;
        child.kill('SIGKILL');
      };
      const timer = setTimeout(() => {
        stop(new TokenFailedError(`the token did not answer within ${timeoutMs / 1000} seconds`, { timeoutMs }));
      }, timeoutMs);
      const abort = (): void => {
        stop(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const pieces: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
      let sizeBytes = 0;
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].on('data', (piece: Buffer) => {
          sizeBytes += piece.length;
          if (sizeBytes > MAX_OUTPUT_BYTES) stop(new TokenFailedError('pkcs11-tool says more than it could have to'));
          else pieces[name].push(piece);
        });
      }
      child.once('error', (error) => {
        stop(new TokenFailedError(`pkcs11-tool cannot be started: ${messageOf(error)}`, {}, { cause: error }));
        if (child.pid === undefined) end(null);
      });
      child.once('close', (exitCode) => {
        end(exitCode);
      });
      const end = (exitCode: number | null): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        if (failure !== null) reject(failure);
        else {
          const stderr = Buffer.concat(pieces.stderr).toString('utf8');
          resolve({ exitCode, stdout: Buffer.concat(pieces.stdout), stderr });
        }
      };
      // A program that ends without reading is told by its exit code.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }
}
