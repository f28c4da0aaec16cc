import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { SCHEMA_PARTS } from '../../../src/entities.js';
import { AdvisoryLocks } from '../../../src/platform/database/advisory-lock.js';
import { ChangeFeed, EVERYTHING, type Change } from '../../../src/platform/database/change-feed.js';
import { DatabaseUnreachableError } from '../../../src/platform/database/connection.js';
import { Database } from '../../../src/platform/database/database.js';
import { needsMigration } from '../../../src/platform/database/migrate.js';
import { Transaction } from '../../../src/platform/database/transaction.js';
import { LoggerFactory } from '../../../src/platform/logging/logger.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

let testDatabase: TestDatabase;
const opened: { close(): Promise<void> }[] = [];

async function open(migrate = true): Promise<Database> {
  const database = await Database.open({
    dataDir: '/nonexistent',
    connectionUri: testDatabase.uri,
    schema: SCHEMA_PARTS,
    logger: LoggerFactory.silent().named('test'),
    migrate,
  });
  opened.push(database);
  return database;
}

beforeAll(async () => {
  testDatabase = await createTestDatabase();
});

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

afterAll(() => testDatabase.drop());

describe('migrations', () => {
  it('are run by one of several processes that start at once, and leave no drift from the entities', async () => {
    const [database] = await Promise.all([open(), open(), open()]);
    expect(await needsMigration(database.dataSource)).toBe(false);
    const pending = await database.dataSource.driver.createSchemaBuilder().log();
    expect(pending.upQueries.map((query) => query.query)).toEqual([]);
  });

  it('can be looked at without being run', async () => {
    const empty = await createTestDatabase();
    try {
      const database = await Database.open({
        dataDir: '/nonexistent',
        connectionUri: empty.uri,
        schema: SCHEMA_PARTS,
        logger: LoggerFactory.silent().named('test'),
        migrate: false,
      });
      opened.push(database);
      expect(await needsMigration(database.dataSource)).toBe(true);
      await database.close();
    } finally {
      await empty.drop();
    }
  });
});

describe(Database.name, () => {
  it('says where it could not get to, without the password', async () => {
    const options = {
      dataDir: '/nonexistent',
      connectionUri: 'postgresql://store:planted-secret@127.0.0.1:1/store',
      schema: SCHEMA_PARTS,
      logger: LoggerFactory.silent().named('test'),
      migrate: true,
    };
    const failure = await Database.open(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseUnreachableError);
    expect((failure as Error).message).toContain('postgresql://127.0.0.1:1/store');
    expect(JSON.stringify(failure) + String(failure)).not.toContain('planted-secret');
  });
});

describe(Transaction.name, () => {
  it('lets follow what cannot be rolled back when it has committed, at once outside of one, and never when it fails', async () => {
    const transaction = new Transaction(await open());
    const seen: string[] = [];
    const note = (text: string) => () => {
      seen.push(text);
    };
    await transaction.run(async () => {
      await transaction.run(() => transaction.whenCommitted(note('inner')));
      await transaction.whenCommitted(note('outer'));
      seen.push('before');
    });
    await transaction.whenCommitted(note('alone'));
    const failing = transaction.run(async () => {
      await transaction.whenCommitted(note('never'));
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    expect(seen).toEqual(['before', 'inner', 'outer', 'alone']);
  });

  const insert = (transaction: Transaction, key: string): Promise<unknown> =>
    transaction.manager.query('INSERT INTO snap_store.setting (key, value) VALUES ($1, $2)', [key, '']);
  const count = async (transaction: Transaction, key: string): Promise<number> =>
    (await transaction.manager.query<unknown[]>('SELECT 1 FROM snap_store.setting WHERE key = $1', [key])).length;

  it('takes back everything, nested work included, when something fails', async () => {
    const transaction = new Transaction(await open());
    const work = transaction.run(async () => {
      await insert(transaction, 'outer');
      await transaction.run(() => insert(transaction, 'inner'));
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await count(transaction, 'outer')).toBe(0);
    expect(await count(transaction, 'inner')).toBe(0);
  });

  it('shows nothing to others before it commits', async () => {
    const transaction = new Transaction(await open());
    const other = new Transaction(await open());
    await transaction.run(async () => {
      await insert(transaction, 'seen-late');
      expect(await count(other, 'seen-late')).toBe(0);
    });
    expect(await count(other, 'seen-late')).toBe(1);
  });
});

describe(AdvisoryLocks.name, () => {
  it('lets shared holders go together and keeps an exclusive one alone, across processes', async () => {
    const here = new AdvisoryLocks(await open());
    const there = new AdvisoryLocks(await open());
    const first = await here.take('blobs', 'shared');
    const second = await there.tryTake('blobs', 'shared');
    expect(second).not.toBeNull();
    expect(await there.tryTake('blobs', 'exclusive')).toBeNull();
    await first.release();
    await second?.release();
    const alone = await there.tryTake('blobs', 'exclusive');
    expect(alone).not.toBeNull();
    expect(await here.tryTake('blobs', 'shared')).toBeNull();
    const unrelated = await here.tryTake('something else', 'exclusive');
    expect(unrelated).not.toBeNull();
    await unrelated?.release();
    await alone?.release();
  });
});

describe(ChangeFeed.name, () => {
  async function feed(): Promise<{ feed: ChangeFeed; transaction: Transaction; heard: Change[]; database: Database }> {
    const database = await open();
    const transaction = new Transaction(database);
    const changeFeed = new ChangeFeed(database, transaction, LoggerFactory.silent());
    const heard: Change[] = [];
    await changeFeed.listen((change) => heard.push(change));
    opened.push({ close: () => changeFeed.beforeApplicationShutdown() });
    return { feed: changeFeed, transaction, heard, database };
  }

  async function until(condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < 400 && !condition(); turn++) await sleep(25);
    expect(condition()).toBe(true);
  }

  it('carries a committed change to other processes, and one that was taken back to nobody', async () => {
    const here = await feed();
    const there = await feed();
    await here.transaction
      .run(async () => {
        await here.feed.announce('catalog', ['lost']);
        throw new Error('no');
      })
      .catch(() => undefined);
    await here.transaction.run(() => here.feed.announce('catalog', ['jq']));
    const heardJq = (): boolean => there.heard.some((change) => change.keys.includes('jq'));
    await until(heardJq);
    expect(there.heard.some((change) => change.keys.includes('lost'))).toBe(false);
  });

  it('says that everything may have changed when it comes back after losing the database', async () => {
    const { feed: lost, heard, database } = await feed();
    heard.length = 0;
    await database.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'snap-store-proxy changes'`,
    );
    await until(() => heard.includes(EVERYTHING) && lost.isConnected);
  });

  it('names no keys where there are more than a notification holds: all of the topic has changed', async () => {
    const { feed: one, transaction, heard } = await feed();
    await transaction.run(() =>
      one.announce(
        'catalog',
        Array.from({ length: 5_000 }, (_, index) => `snap-${index}`),
      ),
    );
    await until(() => heard.some((change) => change.topic === 'catalog' && change.keys.length === 0));
  });
});
