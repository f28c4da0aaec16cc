import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import { formatIdentity, livenessOf, ownIdentity, parseIdentity } from '../../process/process-identity.js';

/** Two numbers of our own; the launcher's sessions are alone in their database, so they collide with nobody's. */
const LOCK = '1397637456, 1';
const LOCK_CLASS = 1397637456;
/** A server notices within this time that the process at the other end of a session was killed. */
const DEAD_SESSION_MS = 2_000;
const POLL_MS = 50;

/** What a session is called: whose it is. PostgreSQL keeps 63 bytes, enough without the boot's id. */
export async function sessionName(): Promise<string> {
  return formatIdentity({ ...(await ownIdentity()), bootId: '' });
}

/** One user's claim on the running server: a shared advisory lock, held as long as its session lives. */
export class UserLock {
  private lost = false;

  private constructor(private readonly client: pg.Client) {
    client.once('end', () => (this.lost = true));
  }

  /** Whether the session, and the claim with it, is still there. */
  async isHeld(): Promise<boolean> {
    if (this.lost) return false;
    return this.client.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  static async take(client: pg.Client): Promise<UserLock> {
    await client.query(`SELECT pg_advisory_lock_shared(${LOCK})`);
    return new UserLock(client);
  }

  /** Calls back once, when the session ends without {@link leave}. */
  onLost(callback: () => void): void {
    if (this.lost) callback();
    else this.client.once('end', callback);
  }

  /**
   * Whether nobody else holds it; then nobody else can get it either while the start lock is held. Sessions of processes
   * that are no more are waited for.
   */
  async isLast(): Promise<boolean> {
    const begun = Date.now();
    for (;;) {
      if (await this.tryExclusive()) return true;
      if (Date.now() - begun > DEAD_SESSION_MS || (await this.othersLive())) return false;
      await sleep(POLL_MS);
    }
  }

  async leave(): Promise<void> {
    this.client.removeAllListeners('end');
    await this.client.end().catch(() => undefined);
  }

  private async tryExclusive(): Promise<boolean> {
    const { rows } = await this.client.query<{ got: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS got`);
    return rows[0]?.got === true;
  }

  private async othersLive(): Promise<boolean> {
    const { rows } = await this.client.query<{ name: string }>(
      `SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.classid = ${LOCK_CLASS} AND l.granted AND l.pid <> pg_backend_pid()`,
    );
    const bootId = (await ownIdentity()).bootId;
    for (const { name } of rows) {
      const identity = parseIdentity(name);
      // A server does not outlive a boot, so neither do its sessions.
      if (identity === null || (await livenessOf({ ...identity, bootId })) !== 'dead') return true;
    }
    return false;
  }
}
