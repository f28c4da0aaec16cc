import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager, QueryRunner } from 'typeorm';

import { Database } from './database.js';

/** "snap" in ASCII: sets our locks apart from those of anything else in the same database. */
const LOCK_SPACE = 0x736e6170;

/** A lock that is held until it is released or its process dies. */
export interface HeldLock {
  release(): Promise<void>;
}

/** Locks across processes and machines, by name, held by a connection of their own (PostgreSQL session advisory locks). */
@Injectable()
export class AdvisoryLocks {
  constructor(private readonly database: Database) {}

  /** Waits for the lock. Shared holders go together; an exclusive one is alone. */
  take(name: string, mode: 'shared' | 'exclusive'): Promise<HeldLock> {
    return this.acquire(name, mode, true);
  }

  /** The lock if it is free right now, else null. */
  tryTake(name: string, mode: 'shared' | 'exclusive'): Promise<HeldLock | null> {
    return this.acquire(name, mode, false);
  }

  async with<T>(name: string, mode: 'shared' | 'exclusive', work: () => Promise<T>): Promise<T> {
    const lock = await this.take(name, mode);
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }

  /**
   * Waits for the lock and keeps it until the manager's transaction ends: what it protects and the lock cannot outlive each
   * other, even where the connection breaks.
   */
  async holdForTransaction(manager: EntityManager, name: string, mode: 'shared' | 'exclusive'): Promise<void> {
    const suffix = mode === 'shared' ? '_shared' : '';
    await manager.query(`SELECT pg_advisory_xact_lock${suffix}($1, $2)`, [LOCK_SPACE, keyOf(name)]);
  }

  private acquire(name: string, mode: 'shared' | 'exclusive', wait: true): Promise<HeldLock>;
  private acquire(name: string, mode: 'shared' | 'exclusive', wait: boolean): Promise<HeldLock | null>;
  private async acquire(name: string, mode: 'shared' | 'exclusive', wait: boolean): Promise<HeldLock | null> {
    const runner = this.database.dataSource.createQueryRunner();
    await runner.connect();
    const suffix = mode === 'shared' ? '_shared' : '';
    const keys = [LOCK_SPACE, keyOf(name)];
    try {
      if (wait) {
        await runner.query(`SELECT pg_advisory_lock${suffix}($1, $2)`, keys);
      } else {
        const rows = (await runner.query(`SELECT pg_try_advisory_lock${suffix}($1, $2) AS taken`, keys)) as {
          taken: boolean;
        }[];
        if (rows[0]?.taken !== true) {
          await runner.release();
          return null;
        }
      }
    } catch (error) {
      await runner.release();
      throw error;
    }
    return { release: () => unlock(runner, suffix, keys) };
  }
}

async function unlock(runner: QueryRunner, suffix: string, keys: number[]): Promise<void> {
  try {
    await runner.query(`SELECT pg_advisory_unlock${suffix}($1, $2)`, keys);
  } catch {
    // The connection is gone, and with it the lock.
  } finally {
    await runner.release();
  }
}

function keyOf(name: string): number {
  return createHash('sha256').update(name).digest().readInt32BE(0);
}
