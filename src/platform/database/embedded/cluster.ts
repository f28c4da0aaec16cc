import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Binaries } from './binaries.js';
import { type DatabaseHome, syncFolder } from './database-home.js';
import {
  EmbeddedPostgresDiskFullError,
  EmbeddedPostgresFailedError,
  EmbeddedPostgresVersionError,
} from './embedded-postgres.errors.js';
import { startTicksOf } from '../../process/process-identity.js';
import { BARE_ENVIRONMENT, identityOf, run } from './run.js';
import { PORT, SUPERUSER } from './session.js';

const PID_FILE = 'postmaster.pid';
const LOG_LIMIT_BYTES = 1024 * 1024;
const LOG_TAIL_BYTES = 64 * 1024;
const NO_SPACE_BYTES = 1024 * 1024;
const POLL_MS = 20;
/** A fast shutdown writes a checkpoint. Where that takes longer than this, recovery at the next start is the better deal. */
const PATIENCE_WITH_SHUTDOWN_MS = 60_000;

/** Given at each start rather than kept in postgresql.conf, so that they are always those of the installed program. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: String(PORT),
  unix_socket_permissions: '0700',
  cluster_name: 'snap-store-proxy',
  // Durable in every respect; the price of a lost import is a carried disk.
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  // One small database on one machine: no replicas, little memory, few helper processes.
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  max_connections: '100',
  shared_buffers: '64MB',
  maintenance_work_mem: '32MB',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  io_method: 'sync',
  jit: 'off',
  // A session of a client that was killed ends, and with it its locks.
  client_connection_check_interval: '2s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // What a statement does wrong is its sender's to report; statements may carry what must not be in a log.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

/** The running server process of a cluster. */
export interface Postmaster {
  readonly pid: number;
  readonly socketFolder: string;
}

/** A server that was just started: what became of it is known sooner than by waiting for its socket. */
export interface StartedServer {
  readonly socketFolder: string;
  /** Null while it runs. */
  failure(): Promise<Error | null>;
}

/** The files of one cluster and the server process on them. All methods expect the start lock to be held. */
export class Cluster {
  constructor(private readonly home: DatabaseHome) {}

  async exists(): Promise<boolean> {
    return stat(join(this.home.cluster, 'PG_VERSION')).then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      },
    );
  }

  /**
   * Makes the cluster under another name and renames it when all of it is on the disk, so that one that was interrupted
   * is never taken for whole.
   */
  async initialize(binaries: Binaries, password: string): Promise<void> {
    await this.forgetInterrupted();
    const workshop = join(this.home.home, `initdb-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(workshop, { mode: 0o700 });
      const passwordFile = join(workshop, 'password');
      await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
      await this.home.giveToDatabase(passwordFile);
      const unfinished = join(workshop, 'cluster');
      await mkdir(unfinished, { mode: 0o700 });
      await this.home.giveToDatabase(unfinished);
      await this.home.giveToDatabase(workshop);
      const { exitCode, output } = await run(
        binaries.initdb,
        [
          `--pgdata=${unfinished}`,
          `--username=${SUPERUSER}`,
          `--pwfile=${passwordFile}`,
          '--auth=scram-sha-256',
        ].concat(['--encoding=UTF8', '--no-locale', '--no-instructions']),
        this.home.user,
      );
      if (exitCode !== 0) throw await this.failureOf('the embedded database cannot be made', output);
      await rename(unfinished, this.home.cluster);
      await syncFolder(this.home.home);
      await this.home.recordLocation();
    } finally {
      await rm(workshop, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** @throws EmbeddedPostgresVersionError */
  async checkVersion(binaries: Binaries): Promise<void> {
    const found = (await readFile(join(this.home.cluster, 'PG_VERSION'), 'utf8')).trim();
    if (found !== binaries.majorVersion) {
      throw new EmbeddedPostgresVersionError(this.home.cluster, found, binaries.majorVersion);
    }
  }

  /** The server that runs on this cluster now, told from a chance process that has the number of one long gone. */
  async postmaster(): Promise<Postmaster | null> {
    const lines = await this.pidFile();
    if (lines === null) return null;
    const pid = Number(lines[0]);
    if (!Number.isSafeInteger(pid) || pid <= 1 || (await startTicksOf(pid)) === null) return null;
    // PostgreSQL works in the cluster's folder, wherever that has been moved since.
    const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    const cluster = await realpath(this.home.cluster);
    if (workingFolder !== cluster) return null;
    return { pid, socketFolder: lines[4] ?? '' };
  }

  /** Where a server of this cluster may be listening, or listened when it was killed. */
  async socketFolders(): Promise<string[]> {
    const recorded = (await this.pidFile())?.[4] ?? '';
    if (recorded === '') return [];
    const folders = [...new Set([recorded, join(this.home.home, 'run')])];
    const trusted = await Promise.all(folders.map((folder) => this.home.isTrusted(folder)));
    return folders.filter((_, index) => trusted[index]);
  }

  hasSocket(socketFolder: string): Promise<boolean> {
    return isThere(join(socketFolder, `.s.PGSQL.${PORT}`));
  }

  /** Starts a server in a session of its own: it outlives this process, and no terminal's Ctrl-C reaches it. */
  async start(binaries: Binaries, preferredSocketFolder: string | null): Promise<StartedServer> {
    const socketFolder = await this.home.makeSocketFolder(preferredSocketFolder);
    await this.removeLeftovers(socketFolder);
    const log = await this.openLog();
    const settings = { ...SETTINGS, unix_socket_directories: socketFolder };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    let outcome: string | null = null;
    try {
      const child = spawn(binaries.postgres, ['-D', this.home.cluster, ...args], {
        cwd: '/',
        env: BARE_ENVIRONMENT,
        detached: true,
        stdio: ['ignore', log.handle.fd, log.handle.fd],
        ...identityOf(this.home.user),
      });
      child.once('error', (error) => (outcome = error.message));
      child.once(
        'exit',
        (code, signal) => (outcome = signal === null ? `exit code ${code ?? '?'}` : `signal ${signal}`),
      );
      child.unref();
    } catch (error) {
      outcome = String(error);
    } finally {
      await log.handle.close();
    }
    return {
      socketFolder,
      failure: async () =>
        outcome === null
          ? null
          : this.failureOf('the embedded database does not start', await this.readLog(log.offset), outcome),
    };
  }

  /** Ends the server, its sessions first, and waits until it is gone. */
  async stop(): Promise<void> {
    const postmaster = await this.postmaster();
    if (postmaster === null) return;
    const startTicks = await startTicksOf(postmaster.pid);
    const isThere = async (): Promise<boolean> =>
      startTicks !== null && (await startTicksOf(postmaster.pid)) === startTicks;
    const begun = Date.now();
    let harder = false;
    if (await isThere()) process.kill(postmaster.pid, 'SIGINT');
    while (await isThere()) {
      await sleep(POLL_MS);
      if (!harder && Date.now() - begun > PATIENCE_WITH_SHUTDOWN_MS) {
        harder = true;
        process.kill(postmaster.pid, 'SIGQUIT');
      }
    }
    // A socket folder outside of the home was made for this run; anything unexpected in it keeps it.
    if (!postmaster.socketFolder.startsWith(this.home.home))
      await rmdir(postmaster.socketFolder).catch(() => undefined);
  }

  /** What an earlier process left when it was killed while it made the cluster. */
  private async forgetInterrupted(): Promise<void> {
    for (const name of await readdir(this.home.home)) {
      if (!/^initdb-[0-9a-f]{8}$/.test(name)) continue;
      // Its initdb may still be at work for a moment; then it goes the next time.
      await rm(join(this.home.home, name), { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
    }
  }

  /**
   * A killed server leaves files that name its process. PostgreSQL knows them for stale unless there still is something
   * of that number: what remains of the process itself until its parent notices, or, after a restart of a container,
   * another process of the same user. Should children of the killed server live on, their shared memory gives them away.
   */
  private async removeLeftovers(socketFolder: string): Promise<void> {
    const lines = await this.pidFile();
    if (lines !== null && (await isThere(`/proc/${Number(lines[0])}`))) await rm(join(this.home.cluster, PID_FILE));
    for (const name of [`.s.PGSQL.${PORT}`, `.s.PGSQL.${PORT}.lock`])
      await rm(join(socketFolder, name), { force: true });
  }

  private async pidFile(): Promise<string[] | null> {
    try {
      return (await readFile(join(this.home.cluster, PID_FILE), 'utf8')).split('\n');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  private async openLog(): Promise<{ handle: FileHandle; offset: number }> {
    const file = this.home.logFile;
    const sizeBytes = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    if (sizeBytes > LOG_LIMIT_BYTES) await rename(file, `${file}.1`);
    const handle = await open(file, 'a', 0o600);
    await this.home.giveToOwner(file);
    return { handle, offset: sizeBytes > LOG_LIMIT_BYTES ? 0 : sizeBytes };
  }

  private async readLog(offset: number): Promise<string> {
    const handle = await open(this.home.logFile, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(LOG_TAIL_BYTES), 0, LOG_TAIL_BYTES, offset);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  /** PostgreSQL's own words where it has some, and the one cause that operators can see to by themselves by its name. */
  private async failureOf(what: string, output: string, outcome = ''): Promise<EmbeddedPostgresFailedError> {
    const { bavail, bsize } = await statfs(this.home.home);
    if (output.includes('No space left on device') || bavail * bsize < NO_SPACE_BYTES) {
      return new EmbeddedPostgresDiskFullError(this.home.home);
    }
    const lines = output.split('\n').filter((line) => line.trim() !== '');
    const telling = lines.findLast((line) => TELLING.test(line)) ?? lines.at(-1);
    const reason = telling?.replace(/^.*?\b(FATAL|PANIC|error): +/, '') ?? (outcome || 'it says nothing');
    return new EmbeddedPostgresFailedError(what, reason, { folder: this.home.home, log: this.home.logFile });
  }
}

/** A program that dies of a signal is told of by the one that started it, before that one tidies up. */
const TELLING = /\b(FATAL|PANIC|error|could not|terminated by signal|exited with exit code)\b/;

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
