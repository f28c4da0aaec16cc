import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

import { resolveDataDir } from '../config/data-dir.js';
import { EgressGuard, newSharedState, type SharedState } from './egress-guard.js';
import { InstalledGuard, setInstalledGuard } from './installed-guard.js';
import { RefusalLog, type Refusal } from './refusals.js';
import { wrapNames } from './wrap-names.js';
import { wrapPrograms } from './wrap-programs.js';
import { wrapRuntime } from './wrap-runtime.js';
import { wrapSockets } from './wrap-sockets.js';
import { tellMain, wrapThreads } from './wrap-threads.js';

/*
 * Importing this module installs the guard: it is the first import of the program's doors, so that nothing can have taken an
 * unguarded function aside, and it loads nothing but Node.js's own modules. Threads `require` it, so it must not
 * await at its top level.
 */

const THREAD_KEY = 'snap-store-proxy:egress';

interface ThreadData {
  readonly state: SharedState;
  readonly dataDir: string | null;
}

const own = { execPath: process.execPath, execArgv: process.execArgv, entry: process.argv[1] ?? '' };

if (isMainThread) installInMain();
else installInThread(getEnvironmentData(THREAD_KEY) as ThreadData | undefined);

function installInMain(): void {
  const state = newSharedState();
  const guard = new EgressGuard(own, state);
  const installed = new InstalledGuard(guard, (dataDir) => {
    setEnvironmentData(THREAD_KEY, { state, dataDir } satisfies ThreadData);
  });
  wrapAll(guard, (refusal) => {
    installed.tell(refusal);
  });
  setInstalledGuard(installed);
  installed.use(resolveDataDir(dataDirIn(process.argv.slice(2))));
  process.on('exit', () => {
    installed.flush();
  });
}

/** A thread has no server to go to: there nothing is ever permitted. */
function installInThread(data: ThreadData | undefined): void {
  const guard = new EgressGuard(own, data?.state ?? newSharedState());
  if (data === undefined) guard.arm();
  // The main thread hears of the threads of a thread by itself.
  wrapAll(guard, () => undefined);
  const log = data === undefined || data.dataDir === null ? null : new RefusalLog(data.dataDir);
  guard.onRefusal((refusal) => {
    log?.add(refusal);
    tellMain(refusal);
  });
  process.on('exit', () => log?.flush());
}

function wrapAll(guard: EgressGuard, tell: (refusal: Refusal) => void): void {
  wrapSockets(guard);
  wrapNames(guard);
  wrapPrograms(guard);
  wrapRuntime(guard);
  wrapThreads(fileURLToPath(import.meta.url), tell);
  // Named imports of these modules see what was put in their place.
  syncBuiltinESMExports();
}

/** As commander will read it later, which then has the last word (InstalledGuard.use). */
function dataDirIn(args: readonly string[]): string | null {
  const at = args.findLastIndex((arg) => arg === '--data-dir' || arg.startsWith('--data-dir='));
  if (at < 0) return null;
  return args[at]?.startsWith('--data-dir=') === true ? args[at].slice('--data-dir='.length) : (args[at + 1] ?? null);
}
