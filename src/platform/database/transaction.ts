import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { Database } from './database.js';

/**
 * The unit of work. Repositories take their manager from here, so that whatever a service calls inside `run` belongs to
 * one transaction, across modules, without handing a manager around. A `run` inside a `run` joins it.
 */
@Injectable()
export class Transaction {
  private readonly current = new AsyncLocalStorage<Unit>();
  private running = 0;

  constructor(private readonly database: Database) {}

  get manager(): EntityManager {
    return this.current.getStore()?.manager ?? this.database.dataSource.manager;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.current.getStore() !== undefined) return work();
    this.running += 1;
    const committed: Follow[] = [];
    let result: T;
    try {
      result = await this.database.dataSource.transaction((manager) => {
        const unit = { manager, committed, last: [] };
        return this.current.run(unit, () => this.workToTheEnd(unit, work));
      });
    } finally {
      this.running -= 1;
      // On Node.js before 24 a storage that has been used once makes every promise of the process dearer from then on.
      if (this.running === 0) this.current.disable();
    }
    for (const follow of committed) await follow();
    return result;
  }

  /**
   * Does something as the last thing of the transaction that surrounds the call, or at once where there is none. For what is made
   * from everything that the transaction writes, and is to be there with it or not at all.
   */
  async beforeCommit(last: () => Promise<void>): Promise<void> {
    const unit = this.current.getStore();
    if (unit === undefined) await last();
    else unit.last.push(last);
  }

  /**
   * Does something as soon as the transaction that surrounds the call has committed, or at once where there is none; it is
   * forgotten where that fails. For what cannot be rolled back: memory, files.
   */
  async whenCommitted(follow: Follow): Promise<void> {
    const unit = this.current.getStore();
    if (unit === undefined) await follow();
    else unit.committed.push(follow);
  }

  private async workToTheEnd<T>(unit: Unit, work: () => Promise<T>): Promise<T> {
    const result = await work();
    for (let last = unit.last.shift(); last !== undefined; last = unit.last.shift()) await last();
    return result;
  }
}

type Follow = () => void | Promise<void>;

interface Unit {
  readonly manager: EntityManager;
  readonly committed: Follow[];
  readonly last: (() => Promise<void>)[];
}
