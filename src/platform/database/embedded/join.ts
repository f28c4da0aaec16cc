import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import { FolderLock } from '../../process/folder-lock.js';
import { findPackage, runnableBinaries } from './binaries.js';
import { Cluster, type StartedServer } from './cluster.js';
import { DatabaseHome, lockFolderOf } from './database-home.js';
import { EmbeddedPostgresBusyError, EmbeddedPostgresFailedError } from './embedded-postgres.errors.js';
import { connect, ensureDatabase } from './session.js';
import { sessionName, UserLock } from './user-lock.js';

/** Recovery after a crash can take minutes. */
const START_PATIENCE_MS = 600_000;
/** A live server that shows no socket for this long never will. */
const SOCKET_PATIENCE_MS = 30_000;
const SLOW_MS = 5_000;
const POLL_MS = 20;
const START_ATTEMPTS = 50;
const RETRY_MS = 200;

/** What is worth telling an operator. Fits a pino logger. */
export interface EmbeddedPostgresLog {
  info(message: string): void;
  warn(message: string): void;
}

export interface Membership {
  readonly lock: UserLock;
  readonly socketFolder: string;
  readonly password: string;
}

/** All that starts, joins or stops the server happens under this lock. */
export function lockStart(desk: string, log: EmbeddedPostgresLog, signal?: AbortSignal): Promise<FolderLock> {
  const folder = lockFolderOf(desk);
  return FolderLock.acquire(folder, {
    patience: { ms: START_PATIENCE_MS, error: (pid) => new EmbeddedPostgresBusyError(folder, pid) },
    onWait: (pid) => {
      log.info(`waiting for process ${pid}, which is starting or stopping the database`);
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Makes sure that the server runs and that this process is one of its users. Fails with everything as it was. */
export async function join(
  desk: string,
  log: EmbeddedPostgresLog,
  signal: AbortSignal,
  preferredSocketFolder: string | null,
): Promise<Membership> {
  const startLock = await lockStart(desk, log, signal);
  try {
    const home = await DatabaseHome.settle(desk);
    const cluster = new Cluster(home);
    const password = await home.password();
    const server = new Server(cluster, home, password, log, signal);
    const { client, socketFolder } = await server.reach(preferredSocketFolder);
    const lock = await UserLock.take(client);
    try {
      await ensureDatabase(client, password);
      signal.throwIfAborted();
      return { lock, socketFolder, password };
    } catch (error) {
      if (await lock.isLast().catch(() => false)) await cluster.stop();
      await lock.leave();
      throw error;
    }
  } finally {
    await startLock.release();
  }
}

interface Reached {
  readonly client: pg.Client;
  readonly socketFolder: string;
}

/** The way to a session on the server of one cluster, whatever state that is found in. */
class Server {
  constructor(
    private readonly cluster: Cluster,
    private readonly home: DatabaseHome,
    private readonly password: string,
    private readonly log: EmbeddedPostgresLog,
    private readonly signal: AbortSignal,
  ) {}

  async reach(preferredSocketFolder: string | null): Promise<Reached> {
    const name = await sessionName();
    for (let attempt = 1; ; attempt += 1) {
      const running = await this.reachRunning(name);
      if (running !== null) return running;
      const started = await this.start(preferredSocketFolder);
      const outcome = await this.reachStarted(started, name);
      if (!(outcome instanceof Error)) return outcome;
      // The processes of a server that was killed need a moment to notice, and keep its memory until then.
      if (attempt >= START_ATTEMPTS || !outcome.message.includes('pre-existing shared memory')) throw outcome;
      await sleep(RETRY_MS);
    }
  }

  /** Null when no server runs. One that is on its way up or down is waited for. */
  private async reachRunning(name: string): Promise<Reached | null> {
    const begun = Date.now();
    let lastSocketMs = begun;
    let told = false;
    for (;;) {
      this.signal.throwIfAborted();
      for (const socketFolder of await this.cluster.socketFolders()) {
        // Asked first, and believed over what the process table says: the server may run in another container.
        const client = await connect(socketFolder, this.password, name);
        if (client !== null) return { client, socketFolder };
        if (await this.cluster.hasSocket(socketFolder)) lastSocketMs = Date.now();
      }
      const postmaster = await this.cluster.postmaster();
      if (postmaster === null) return null;
      const now = Date.now();
      if (now - lastSocketMs > SOCKET_PATIENCE_MS || now - begun > START_PATIENCE_MS) {
        throw new EmbeddedPostgresFailedError(
          'the embedded database cannot be reached',
          `its process ${postmaster.pid} runs, but takes no connections in ${postmaster.socketFolder}`,
          { pid: postmaster.pid, socketFolder: postmaster.socketFolder },
        );
      }
      if (now - begun > SLOW_MS && !told) {
        told = true;
        this.log.info(`waiting for the database (process ${postmaster.pid}) to come up`);
      }
      await sleep(POLL_MS);
    }
  }

  private async start(preferredSocketFolder: string | null): Promise<StartedServer> {
    const installed = await findPackage(process.platform, process.arch);
    const binaries = await runnableBinaries(installed, this.home.user, this.home.binariesFolder);
    if (!(await this.cluster.exists())) {
      this.log.info(`making the database in ${this.home.cluster}`);
      await this.cluster.initialize(binaries, this.password);
    }
    await this.cluster.checkVersion(binaries);
    this.signal.throwIfAborted();
    return this.cluster.start(binaries, preferredSocketFolder);
  }

  /** An Error when the server ended before it took connections. */
  private async reachStarted(started: StartedServer, name: string): Promise<Reached | Error> {
    const begun = Date.now();
    let told = false;
    try {
      for (;;) {
        this.signal.throwIfAborted();
        const client = await connect(started.socketFolder, this.password, name);
        if (client !== null) return { client, socketFolder: started.socketFolder };
        const failure = await started.failure();
        if (failure !== null) return failure;
        const waitedMs = Date.now() - begun;
        if (waitedMs > START_PATIENCE_MS) {
          throw new EmbeddedPostgresFailedError('the embedded database does not start', 'it takes too long', {
            log: this.home.logFile,
          });
        }
        if (waitedMs > SLOW_MS && !told) {
          told = true;
          this.log.info('the database is recovering from a crash');
        }
        await sleep(POLL_MS);
      }
    } catch (error) {
      await this.cluster.stop();
      throw error;
    }
  }
}
