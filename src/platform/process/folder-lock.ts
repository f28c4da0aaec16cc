import { lutimes, lstat, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { formatIdentity, livenessOf, ownIdentity, parseIdentity } from './process-identity.js';

const FREE = 'free';
const POLL_MS = 20;
const HEARTBEAT_MS = 2_000;
const SILENT_IS_DEAD_MS = 15_000;
/** Old tickets stay a while, so that a listing that races with them still sees one that is newer than its own. */
const KEPT_TICKETS = 32;

export interface FolderLockOptions {
  readonly signal?: AbortSignal;
  /** How long to wait, and what to throw then; without it there is no end to it. */
  readonly patience?: { readonly ms: number; readonly error: (pid: number) => Error };
  /** Called once when somebody else has the lock for longer than a moment. */
  readonly onWait?: (pid: number) => void;
}

/**
 * One process at a time, across processes, on a file system, and nobody stays locked out by a process that was killed.
 *
 * Node has no flock, and taking over a stale lock file by deleting it is a race. So nothing is ever taken over: tickets
 * `FOLDER/N` are symbolic links (made in one atomic step, and only if absent) whose target names their owner or says
 * `free`. Only the highest number counts. Who finds it free, or its owner dead, makes the next number; who then sees a
 * higher one than its own was late and steps back. The highest is never deleted, so numbers never repeat.
 */
export class FolderLock {
  private constructor(
    private readonly folder: string,
    private readonly ticket: number,
    private readonly heartbeat: NodeJS.Timeout,
  ) {}

  /**
   * @param folder of the lock alone; it has to be there
   * @throws the error of `patience` when a live process keeps it for longer than that; the signal's reason
   */
  static async acquire(folder: string, options: FolderLockOptions): Promise<FolderLock> {
    const owner = formatIdentity(await ownIdentity());
    const begun = Date.now();
    let told = false;
    for (;;) {
      options.signal?.throwIfAborted();
      const highest = await highestTicket(folder);
      const holder = highest === 0 ? null : await holderOf(folder, highest);
      if (holder === null) {
        const ticket = highest + 1;
        if (await draw(folder, ticket, owner)) return new FolderLock(folder, ticket, beat(ticketPath(folder, ticket)));
        continue;
      }
      const waitedMs = Date.now() - begun;
      const { patience } = options;
      if (patience !== undefined && waitedMs > patience.ms) throw patience.error(holder);
      if (waitedMs > 1_000 && !told) {
        told = true;
        options.onWait?.(holder);
      }
      await sleep(POLL_MS);
    }
  }

  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    // Taken already only if another container gave this process up for dead.
    await symlink(FREE, ticketPath(this.folder, this.ticket + 1)).catch(unlessExists);
    await forgetOldTickets(this.folder, this.ticket + 1 - KEPT_TICKETS);
  }
}

/** True when the ticket is ours and there is none above it. */
async function draw(folder: string, ticket: number, owner: string): Promise<boolean> {
  try {
    await symlink(owner, ticketPath(folder, ticket));
  } catch (error) {
    unlessExists(error);
    return false;
  }
  if ((await highestTicket(folder)) === ticket) return true;
  await unlink(ticketPath(folder, ticket)).catch(unlessGone);
  return false;
}

/** The process that holds the lock, or null when it can be had. */
async function holderOf(folder: string, ticket: number): Promise<number | null> {
  const path = ticketPath(folder, ticket);
  const target = await readlink(path).catch(() => FREE);
  const identity = parseIdentity(target);
  if (identity === null) return null;
  const liveness = await livenessOf(identity);
  if (liveness === 'alive') return identity.pid;
  if (liveness === 'dead') return null;
  const lastBeat = await lstat(path).then(
    (stat) => stat.mtimeMs,
    () => 0,
  );
  return Date.now() - lastBeat < SILENT_IS_DEAD_MS ? identity.pid : null;
}

async function highestTicket(folder: string): Promise<number> {
  return Math.max(0, ...(await tickets(folder)));
}

async function forgetOldTickets(folder: string, below: number): Promise<void> {
  for (const ticket of await tickets(folder)) {
    if (ticket < below) await unlink(ticketPath(folder, ticket)).catch(unlessGone);
  }
}

async function tickets(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.filter((name) => /^\d{1,15}$/.test(name)).map(Number);
}

function beat(path: string): NodeJS.Timeout {
  return setInterval(() => {
    const now = new Date();
    lutimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
}

function ticketPath(folder: string, ticket: number): string {
  return join(folder, String(ticket));
}

function unlessExists(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

function unlessGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
