import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../../kernel/store-error.js';
import { Cluster } from './cluster.js';
import { DatabaseHome } from './database-home.js';
import { EmbeddedPostgresDiskFullError, EmbeddedPostgresFailedError } from './embedded-postgres.errors.js';
import { type EmbeddedPostgresLog, join, lockStart } from './join.js';
import { connect, DATABASE, PORT, ROLE } from './session.js';
import { sessionName, UserLock } from './user-lock.js';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

export interface EmbeddedPostgresConnection {
  /** The folder of the server's Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/**
 * The PostgreSQL that comes with the store, shared by all processes that work on one data folder.
 *
 * Whoever needs it first starts it, and whoever leaves last stops it. Every user holds a shared advisory lock on a
 * session of its own; who gets the exclusive one on leaving is the last. Starting, joining and leaving are steps that
 * one process at a time takes (see FolderLock), so that nobody stops it under another that is just about to join. A
 * process that is killed leaves the server running: the next one finds it and takes over its end.
 */
export class EmbeddedPostgres {
  private leaving: Promise<void> | null = null;
  private recovering: Promise<void> = Promise.resolve();
  private readonly left = new AbortController();

  private constructor(
    private readonly desk: string,
    private readonly log: EmbeddedPostgresLog,
    private lock: UserLock,
    readonly connection: EmbeddedPostgresConnection,
  ) {
    this.watch(lock);
  }

  /**
   * Joins the database of a data folder, made and started if need be. On return it takes connections, and goes on to do
   * so until {@link release}: a server that dies meanwhile is started again.
   * @param dataDir the store's data folder; made if absent
   * @param signal gives up early; what was started for nobody else is stopped again
   * @throws EmbeddedPostgresUnsupportedError, EmbeddedPostgresMissingError, EmbeddedPostgresDiskFullError,
   *   EmbeddedPostgresVersionError, EmbeddedPostgresBusyError, EmbeddedPostgresFailedError
   */
  static async acquire(
    dataDir: string,
    log: EmbeddedPostgresLog,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<EmbeddedPostgres> {
    const { desk, lock, socketFolder, password } = await DatabaseHome.openDesk(dataDir)
      .then(async (desk) => ({ desk, ...(await join(desk, log, signal, null)) }))
      .catch((error: unknown) => {
        throw explain(error, dataDir);
      });
    return new EmbeddedPostgres(desk, log, lock, {
      host: socketFolder,
      port: PORT,
      user: ROLE,
      password,
      database: DATABASE,
    });
  }

  /** Leaves the database, and stops it if nobody else uses it. Calling it again waits for the first call. */
  release(): Promise<void> {
    this.leaving ??= this.leave();
    return this.leaving;
  }

  private hasLeft(): boolean {
    return this.left.signal.aborted;
  }

  private async leave(): Promise<void> {
    this.left.abort();
    await this.recovering;
    const startLock = await lockStart(this.desk, this.log);
    try {
      const cluster = new Cluster(await DatabaseHome.settle(this.desk));
      const lock = (await this.lock.isHeld()) ? this.lock : await this.lockAnew();
      if (await lock?.isLast()) await cluster.stop();
      await lock?.leave();
    } finally {
      await startLock.release();
    }
  }

  private async lockAnew(): Promise<UserLock | null> {
    const client = await connect(this.connection.host, this.connection.password, await sessionName());
    return client === null ? null : UserLock.take(client);
  }

  /** A lost session means a lost server, or one that an administrator has meddled with: either way, join again. */
  private watch(lock: UserLock): void {
    lock.onLost(() => {
      if (!this.hasLeft()) this.recovering = this.recover();
    });
  }

  private async recover(): Promise<void> {
    this.log.warn('the embedded database is gone; it is started again');
    let told = '';
    for (let delayMs = FIRST_RETRY_MS; !this.hasLeft(); delayMs = Math.min(2 * delayMs, LAST_RETRY_MS)) {
      try {
        const { lock } = await join(this.desk, this.log, this.left.signal, this.connection.host);
        this.lock = lock;
        this.watch(lock);
        this.log.info('the embedded database is back');
        return;
      } catch (error) {
        if (this.hasLeft()) return;
        if (messageOf(error) !== told) this.log.warn((told = messageOf(error)));
        await sleep(delayMs, undefined, { signal: this.left.signal }).catch(() => undefined);
      }
    }
  }
}

/** What the file system says no to, as an error of ours. */
function explain(error: unknown, dataDir: string): unknown {
  const code = error instanceof Error && 'syscall' in error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === undefined) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new EmbeddedPostgresDiskFullError(dataDir, { cause: error });
  return new EmbeddedPostgresFailedError(
    'the embedded database cannot be used',
    messageOf(error),
    { dataDir },
    { cause: error },
  );
}
