import childProcess from 'node:child_process';

import type { EgressGuard } from './egress-guard.js';
import { wrap } from './wrap.js';

/** Whatever starts a program: a program's own traffic cannot be seen from here. */
export function wrapPrograms(guard: EgressGuard): void {
  // spawn, exec, execFile, fork and cluster.fork all end here.
  wrap(
    childProcess.ChildProcess.prototype,
    'spawn',
    (original) =>
      function spawn(this: unknown, ...args: unknown[]) {
        const { file, args: argv = [] } = args[0] as { file: string; args?: readonly string[] };
        refuseOr(guard, file, argv.slice(1));
        return Reflect.apply(original, this, args);
      },
  );
  for (const name of ['spawnSync', 'execFileSync']) {
    wrap(
      childProcess,
      name,
      (original) =>
        function start(this: unknown, ...args: unknown[]) {
          const [file, list] = args;
          const { shell } = (args.findLast((arg) => typeof arg === 'object' && !Array.isArray(arg)) ?? {}) as {
            shell?: unknown;
          };
          refuseOr(guard, shell ? `a shell for ${String(file)}` : String(file), Array.isArray(list) ? list : []);
          return Reflect.apply(original, this, args);
        },
    );
  }
  wrap(
    childProcess,
    'execSync',
    (original) =>
      function execSync(this: unknown, ...args: unknown[]) {
        refuseOr(guard, `a shell for ${String(args[0])}`, []);
        return Reflect.apply(original, this, args);
      },
  );
}

function refuseOr(guard: EgressGuard, file: string, args: readonly string[]): void {
  const error = guard.program(file, args);
  if (error !== null) throw error;
}
