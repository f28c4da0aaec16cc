import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import pg from 'pg';

import { messageOf } from '../../kernel/store-error.js';
import { LoggerFactory, type Logger } from '../logging/logger.js';
import { Database } from './database.js';
import { Transaction } from './transaction.js';

const CHANNEL = 'snap_store_change';
const RECONNECT_AFTER_MS = 1_000;

/** What changed, as short texts: NOTIFY carries at most 8000 bytes. */
export interface Change {
  readonly topic: string;
  readonly keys: readonly string[];
}

export type ChangeListener = (change: Change) => void;

/** Is told of a change while the transaction that makes it is still open, with all keys, however many. */
export type ChangeCompanion = (change: Change) => Promise<void>;

/** Told to listeners when messages may have been missed: everything may have changed. */
export const EVERYTHING: Change = { topic: '*', keys: [] };

const MAX_KEYS = 100;

/**
 * Tells every process of the store what another one has committed (PostgreSQL LISTEN and NOTIFY). While the connection is
 * down nothing is heard, so listeners get `EVERYTHING` when it comes back, and `isConnected` says not to trust a cache.
 */
@Injectable()
export class ChangeFeed implements BeforeApplicationShutdown {
  private readonly listeners = new Set<ChangeListener>();
  private readonly companions: ChangeCompanion[] = [];
  private readonly log: Logger;
  private client: pg.Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private state: 'idle' | 'connecting' | 'connected' | 'closed' = 'idle';

  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('change-feed');
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  /** Announces a change to all processes, this one included, when the surrounding transaction commits. */
  async announce(topic: string, keys: readonly string[]): Promise<void> {
    const change: Change = { topic, keys: keys.length > MAX_KEYS ? [] : keys };
    await this.transaction.manager.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify(change)]);
    for (const companion of this.companions) await companion({ topic, keys });
  }

  /** For what is derived from what changes and kept beside it: the companion writes in the same transaction. */
  accompany(companion: ChangeCompanion): void {
    this.companions.push(companion);
  }

  /** Starts listening with the first listener. A change without keys concerns the whole topic. */
  async listen(listener: ChangeListener): Promise<void> {
    this.listeners.add(listener);
    if (this.state === 'idle') await this.connect();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.state = 'closed';
    if (this.retry !== null) clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
    this.client = null;
  }

  private async connect(): Promise<void> {
    this.state = 'connecting';
    const { ssl, ...connection } = this.database.connection;
    const client = new pg.Client({
      ...connection,
      ...(ssl === undefined ? {} : { ssl: ssl as boolean }),
      application_name: 'snap-store-proxy changes',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    });
    client.on('notification', ({ payload }) => {
      this.tell(parseChange(payload));
    });
    client.on('error', (error) => {
      this.lost(client, error);
    });
    client.on('end', () => {
      this.lost(client, null);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      if (this.isClosed()) {
        await client.end();
        return;
      }
      this.client = client;
      this.state = 'connected';
      this.tell(EVERYTHING);
    } catch (error) {
      this.lost(client, error);
    }
  }

  private lost(client: pg.Client, error: unknown): void {
    if (this.isClosed() || this.retry !== null || (this.client !== null && this.client !== client)) return;
    this.state = 'connecting';
    this.client = null;
    if (error !== null) this.log.warn({ reason: messageOf(error) }, 'lost touch with the database; trying again');
    void client.end().catch(() => undefined);
    this.retry = setTimeout(() => {
      this.retry = null;
      void this.connect();
    }, RECONNECT_AFTER_MS);
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private tell(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}

function parseChange(payload: string | undefined): Change {
  try {
    const change = JSON.parse(payload ?? '') as Partial<Change>;
    if (typeof change.topic === 'string' && Array.isArray(change.keys))
      return { topic: change.topic, keys: change.keys };
  } catch {
    // Somebody else spoke on our channel; the safe reading is that anything may have changed.
  }
  return EVERYTHING;
}
