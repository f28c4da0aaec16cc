import { createHash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { EmbeddedPostgresFailedError } from './embedded-postgres.errors.js';
import { canEnter, type SystemUser, userToRunAs } from './system-user.js';

/** The longest path of a socket that every kernel takes is 103 bytes; the name in the folder is `.s.PGSQL.5432`. */
const SOCKET_PATH_LIMIT_BYTES = 100;
const SOCKET_NAME = '.s.PGSQL.5432';
const OUTSIDE = '/var/lib/snap-store-proxy/embedded';
const FAILURE = 'the embedded database cannot be used';

/**
 * The places of one embedded database.
 *
 * `desk` is `DATA/database`, readable for the store: locks, password, log. `home` holds the cluster and its socket: the
 * same folder, or one under /var/lib where the user that PostgreSQL must run as cannot reach the data folder.
 */
export class DatabaseHome {
  private constructor(
    readonly dataFolder: string,
    readonly desk: string,
    readonly home: string,
    /** Null when PostgreSQL runs as whoever runs the store. */
    readonly user: SystemUser | null,
  ) {}

  get cluster(): string {
    return join(this.home, 'cluster');
  }

  get logFile(): string {
    return join(this.desk, 'postgresql.log');
  }

  /** Where a copy of the binaries goes when those of the package are of no use. Root's copies serve all data folders. */
  get binariesFolder(): string {
    return this.user === null ? this.desk : OUTSIDE;
  }

  /** Makes `DATA/database` (and DATA) where missing: everything that can be done before the start lock is held. */
  static async openDesk(dataDir: string): Promise<string> {
    await mkdir(dataDir, { recursive: true });
    const dataFolder = await realpath(dataDir);
    const desk = join(dataFolder, 'database');
    for (const folder of [desk, lockFolderOf(desk)]) await makeFolder(folder, await stat(dataFolder));
    return desk;
  }

  /** Under the start lock: finds out who runs the database and where it lies, or decides it for a new one. */
  static async settle(desk: string): Promise<DatabaseHome> {
    const dataFolder = dirname(desk);
    const recorded = await readText(join(desk, 'location'));
    const home = recorded ?? desk;
    const clusterOwner = await ownerOf(join(home, 'cluster'));
    if (recorded !== null && clusterOwner === null) {
      const file = join(desk, 'location');
      throw failure(`${file} says that it lies in ${recorded}, where it is not (any more)`, { file, recorded });
    }
    const self = effectiveUid();
    if (self !== 0) {
      if (clusterOwner !== null && clusterOwner !== self) {
        throw failure(
          `${join(home, 'cluster')} belongs to user ${clusterOwner}: run the store as that user or as root`,
          {
            folder: home,
            owner: clusterOwner,
          },
        );
      }
      if (home === desk) await chmod(desk, 0o700);
      return new DatabaseHome(dataFolder, desk, home, null);
    }

    const owners = [clusterOwner, await ownerOf(dataFolder)].filter((uid) => uid !== null);
    const user = await userToRunAs(owners);
    if (user === null)
      throw failure('it must not run as root, and there is no user snap-store-proxy, postgres or nobody');
    if (recorded !== null) await refuseCopy(recorded, dataFolder);
    if (recorded !== null || clusterOwner !== null || (await canEnter(user, dataFolder))) {
      if (home === desk) await chmod(desk, 0o711);
      return new DatabaseHome(dataFolder, desk, home, user);
    }
    const outside = join(OUTSIDE, randomBytes(8).toString('hex'));
    await mkdir(OUTSIDE, { recursive: true, mode: 0o755 });
    await mkdir(outside, { mode: 0o711 });
    await chmod(outside, 0o711);
    await writeDurably(join(outside, 'data-folder'), dataFolder);
    return new DatabaseHome(dataFolder, desk, outside, user);
  }

  /** Remembers that the cluster lies elsewhere. Called once it does, so that what `location` names has been there. */
  async recordLocation(): Promise<void> {
    if (this.home !== this.desk) await this.writeToDesk('location', this.home);
  }

  /** The password of both roles, made up on first use. */
  async password(): Promise<string> {
    const held = await readText(join(this.desk, 'password'));
    if (held !== null) return held;
    const password = randomBytes(24).toString('hex');
    await this.writeToDesk('password', password);
    return password;
  }

  /**
   * The folder of the socket: in the home, or under /tmp where the home's path is too long or has letters that
   * PostgreSQL's list of folders gives a meaning. It belongs to PostgreSQL's user and is closed to all others.
   */
  async makeSocketFolder(preferred: string | null): Promise<string> {
    const id = createHash('sha256').update(this.home).digest('hex').slice(0, 16);
    const inTmp = `/tmp/snap-store-proxy-${this.databaseUid}-${id}`;
    const inHome = join(this.home, 'run');
    const first = preferred ?? (fitsASocket(inHome) ? inHome : inTmp);
    if (await this.claim(first)) return first;
    // Somebody else's folder of that name is in the way, which under /tmp anyone can arrange.
    const other = await mkdtemp(`${inTmp}-`);
    await this.claim(other);
    return other;
  }

  /** Whether a socket in this folder can only be ours. Under /tmp anyone may have made a folder of that name. */
  async isTrusted(socketFolder: string): Promise<boolean> {
    const found = await lstat(socketFolder).catch(() => null);
    return found !== null && found.isDirectory() && (found.uid === this.databaseUid || found.uid === effectiveUid());
  }

  private get databaseUid(): number {
    return this.user?.uid ?? effectiveUid();
  }

  /** Hands a file or folder to the user that PostgreSQL runs as. */
  async giveToDatabase(path: string): Promise<void> {
    if (this.user !== null) await chown(path, this.user.uid, this.user.gid);
  }

  /** Hands a file to whoever owns the data folder. */
  async giveToOwner(path: string): Promise<void> {
    const { uid, gid } = await stat(this.dataFolder);
    await handOver(path, uid, gid);
  }

  /** A file on the desk: private, belongs to the owner of the data folder, and is whole or absent. */
  private async writeToDesk(name: string, text: string): Promise<void> {
    const path = join(this.desk, name);
    await writeDurably(path, text);
    await this.giveToOwner(path);
  }

  private async claim(folder: string): Promise<boolean> {
    await mkdir(folder, { mode: 0o700 }).catch(unlessExists);
    if (!(await this.isTrusted(folder))) return false;
    await this.giveToDatabase(folder);
    await chmod(folder, 0o700);
    return true;
  }
}

/** Where the tickets of the start lock lie. */
export function lockFolderOf(desk: string): string {
  return join(desk, 'locks');
}

/** Refuses a link in its place: root would be led to change the owner of whatever it points to. */
async function makeFolder(folder: string, owner: Stats): Promise<void> {
  try {
    await mkdir(folder);
    await handOver(folder, owner.uid, owner.gid);
  } catch (error) {
    unlessExists(error);
  }
  if (!(await lstat(folder)).isDirectory()) throw failure(`${folder} is not a folder`, { folder });
}

function fitsASocket(folder: string): boolean {
  return /^[\w/.-]+$/.test(folder) && Buffer.byteLength(join(folder, SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES;
}

/** Two data folders on one cluster would each lose what the other removes. A data folder that was moved is fine. */
async function refuseCopy(home: string, dataFolder: string): Promise<void> {
  const file = join(home, 'data-folder');
  const original = await readText(file);
  if (original === dataFolder) return;
  if (original !== null && (await readText(join(original, 'database', 'location'))) === home) {
    throw failure(`the database in ${home} belongs to ${original}, of which ${dataFolder} is a copy`, {
      folder: home,
      original,
    });
  }
  await writeDurably(file, dataFolder);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What root makes in a data folder of somebody else belongs to them. */
async function handOver(path: string, uid: number, gid: number): Promise<void> {
  if (effectiveUid() === 0 && uid !== 0) await chown(path, uid, gid);
}

async function readText(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    return text === '' ? null : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function ownerOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function effectiveUid(): number {
  return process.geteuid?.() ?? 0;
}

function unlessExists(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

function failure(reason: string, details: Record<string, string | number> = {}): EmbeddedPostgresFailedError {
  return new EmbeddedPostgresFailedError(FAILURE, reason, details);
}
