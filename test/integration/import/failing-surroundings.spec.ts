import { spawnSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, describe, expect, it, vi, type MockInstance } from 'vitest';

import { BlobStorage, StorageFullError, type StagedFile } from '../../../src/modules/blobs/index.js';
import { CatalogWriter } from '../../../src/modules/catalog/index.js';
import { parseConnectionUri } from '../../../src/platform/database/connection.js';
import { HashWorkers } from '../../../src/platform/hashing/hash-workers.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();
const MIB = 1024 * 1024;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a disk that is full', () => {
  const mounts: string[] = [];
  afterEach(() => {
    for (const path of mounts.splice(0)) spawnSync('umount', [path]);
  });

  it('is told with file and member, and pushing again with more room succeeds', async () => {
    const jq = signed('jq', 6, { sizeBytes: 8 * MIB });
    const path = await scene.bundle(bundleOf([{ snap: jq }]));
    const makeRoom = await fillDisk(4 * MIB);
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('disk-full');
    expect(message).toMatch(/test\.tar\.gz: snaps\/jqx+_6\.snap: no room is left on the disk/);
    await makeRoom();
    expect(await scene.import(path)).toMatchObject({ revisions: [{ outcome: 'added' }] });
  });

  it('at the last block is noticed when the file is made durable', async () => {
    const storage = scene.store.context.get(BlobStorage);
    const stage = storage.stage.bind(storage);
    vi.spyOn(storage, 'stage').mockImplementation(async (id, what) =>
      Object.assign(await stage(id, what), { finish: () => Promise.reject(new StorageFullError(what, null)) }),
    );
    expect(await scene.refusal(await scene.pair(signed('jq', 6)))).toMatchObject({ code: 'disk-full' });
  });

  /** A real small file system where this process may mount one, else a storage that says what such a disk says. */
  async function fillDisk(roomBytes: number): Promise<() => Promise<void>> {
    const blobs = join(scene.store.dataDir, 'blobs');
    await mkdir(blobs, { recursive: true });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${roomBytes}`, 'none', blobs]);
    if (mounted.status === 0) {
      mounts.push(blobs);
      return () => {
        spawnSync('mount', ['-o', `remount,size=${8 * roomBytes}`, blobs]);
        return Promise.resolve();
      };
    }
    const storage = scene.store.context.get(BlobStorage);
    const stage = storage.stage.bind(storage);
    const spy = vi.spyOn(storage, 'stage').mockImplementation(async (id, what) => limited(await stage(id, what), what));
    const limited = (file: StagedFile, what: string): StagedFile => {
      let room = roomBytes;
      const write = file.write.bind(file);
      return Object.assign(file, {
        write: (block: Uint8Array) => {
          room -= block.length;
          return room < 0 ? Promise.reject(new StorageFullError(what, null)) : write(block);
        },
      });
    };
    return () => {
      spy.mockRestore();
      return Promise.resolve();
    };
  }
});

describe('a database that goes away', () => {
  it('while the import becomes visible leaves nothing of it, and pushing again succeeds', async () => {
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }, { snap: signed('yq', 2) }]));
    const catalog = scene.store.context.get(CatalogWriter);
    const addRevision = catalog.addRevision.bind(catalog);
    vi.spyOn(catalog, 'addRevision').mockImplementation(async (revision) => {
      const outcome = await addRevision(revision);
      if (revision.revision === 2) await disconnectAll();
      return outcome;
    });
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('database-lost');
    expect(message).toMatch(/test\.tar\.gz: the database went away \(.*\); nothing was imported, push again/);
    vi.restoreAllMocks();
    expect((await scene.import(path)).revisions.map(({ outcome }) => outcome)).toEqual(['added', 'added']);
  });

  it('for longer, while the snap is read, leaves nothing; the ledger is put right by the next import', async () => {
    const path = await scene.pair(signed('jq', 6, { sizeBytes: 6 * MIB }));
    whileReading(forbidConnections);
    await expect(scene.import(path)).rejects.toMatchObject({ code: 'database-lost' });
    vi.restoreAllMocks();
    await allowConnections();
    await scene.expectNothingLeft('', []);
    expect(await scene.import(path)).toMatchObject({ revisions: [{ outcome: 'added' }] });
    expect((await scene.ledger()).map(({ state }) => state)).toEqual(['failed', 'done']);
  });

  it('for a moment while the snap is read does no harm', async () => {
    const path = await scene.pair(signed('jq', 6, { sizeBytes: 6 * MIB }));
    const reading = whileReading(disconnectAll);
    await scene.import(path);
    expect(reading).toHaveBeenCalledOnce();
    vi.restoreAllMocks();
    await scene.expectNothingLeft(await scene.store.tables(), await scene.store.blobFiles());
    expect(await scene.store.blobFiles()).toHaveLength(1);
  });

  /** Holds the reading of the snap up until the trouble is there, and noticed. */
  function whileReading(trouble: () => Promise<void>): MockInstance<HashWorkers['hash']> {
    const workers = scene.store.context.get(HashWorkers);
    const hash = workers.hash.bind(workers);
    return vi.spyOn(workers, 'hash').mockImplementation(async (source, options) => {
      await trouble();
      await sleep(300);
      return hash(source, options);
    });
  }

  async function disconnectAll(): Promise<void> {
    await onServer((name) => `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  }

  async function forbidConnections(): Promise<void> {
    await onServer((name) => `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
    await disconnectAll();
  }

  async function allowConnections(): Promise<void> {
    await onServer((name) => `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
  }

  async function onServer(statement: (databaseName: string) => string): Promise<void> {
    const { ssl: _ssl, database = '', ...connection } = parseConnectionUri(scene.store.uri);
    const client = new pg.Client({ ...connection, database: 'postgres' });
    await client.connect();
    await client.query(statement(database));
    await client.end();
  }
});

describe('files that change while they are read', () => {
  it('a pair that becomes shorter is refused', async () => {
    const jq = signed('jq', 6, { sizeBytes: 6 * MIB });
    const path = await scene.pair(jq);
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 2 * MIB) truncateSync(path, 3 * MIB);
    };
    expect(await scene.refusal(path, { onProgress })).toMatchObject({ code: 'snap-refused' });
  });
});
