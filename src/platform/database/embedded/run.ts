import { spawn } from 'node:child_process';

import type { SystemUser } from './system-user.js';

const OUTPUT_LIMIT_BYTES = 16 * 1024;

/** Nothing of our own environment reaches the database: no PGDATA, no LD_PRELOAD, no secret. */
export const BARE_ENVIRONMENT: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', HOME: '/' };

export interface Outcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it said on both outputs. */
  readonly output: string;
}

/** Runs one of PostgreSQL's programs to its end. Never throws: what kept it from running is its output. */
export function run(program: string, args: readonly string[], user: SystemUser | null): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = '';
    const collect = (chunk: string): void => {
      output = (output + chunk).slice(-OUTPUT_LIMIT_BYTES);
    };
    let child;
    try {
      child = spawn(program, args, {
        cwd: '/',
        env: BARE_ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'pipe'],
        // A terminal's Ctrl-C is for the store, which then leaves in order.
        detached: true,
        ...identityOf(user),
      });
    } catch (error) {
      resolve({ exitCode: null, signal: null, output: String(error) });
      return;
    }
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', (error) => {
      resolve({ exitCode: null, signal: null, output: error.message });
    });
    child.once('close', (exitCode, signal) => {
      resolve({ exitCode, signal, output });
    });
  });
}

export function identityOf(user: SystemUser | null): { uid?: number; gid?: number } {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}
