import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Collector } from '../../src/modules/blobs/index.js';
import { StoreVerifier } from '../../src/modules/integrity/index.js';
import { packBundle, testBundle } from '../support/bundles.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TestAuthority, testSnapId } from '../support/test-authority.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

/** The program as it is shipped; `npm test` builds it first. */
const PROGRAM = resolve(import.meta.dirname, '../../dist/cli.js');
const KILLS = 20;
const SNAP_BYTES = 32 * 1024 * 1024;
/** The last kills fall about where the import becomes visible, and after it. */
const BEYOND_THE_END = 1.2;
const PATIENCE_MS = 60_000;
const TABLES = ['assertion', 'blob', 'snap', 'import'];

const authority = TestAuthority.create();
let database: TestDatabase;
let store: TestStore;
let folder: string;
let bundle: string;

beforeAll(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: "npm run build" makes it`);
  database = await createTestDatabase();
  store = await openTestStore({ uri: database.uri, authority });
  folder = await mkdtemp(join(tmpdir(), 'kill-'));
  bundle = await writeBundle();
});
afterAll(async () => {
  await store.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => empty());

/** Two snaps, so that there is a half that could be left. */
async function writeBundle(): Promise<string> {
  const snaps = ['first', 'second'].map((name) =>
    authority.snap({ name, snapId: testSnapId(name), revision: 1, sizeBytes: SNAP_BYTES }),
  );
  const path = join(folder, 'two.tar.gz');
  const packed = testBundle({
    snaps: snaps.map(({ plan, content }) => ({
      name: plan.name,
      snapId: plan.snapId,
      revisions: [{ revision: 1, content, channels: ['latest/stable'] }],
    })),
    assertions: snaps.map(({ plan, stream }) => ({ name: plan.name, bytes: stream })),
  });
  await writeFile(path, await packBundle(packed));
  return path;
}

async function empty(): Promise<void> {
  await store.query(`TRUNCATE ${TABLES.map((table) => `snap_store.${table}`).join(', ')} CASCADE`);
  await store.context.get(Collector).collect();
}

/** How much of the bundle is there. Half of it is not a possible answer. */
async function held(): Promise<'all' | 'none'> {
  const [counts] = await store.query<{ counts: string }>(`
    SELECT concat_ws(' ', (SELECT count(*) FROM snap_store.snap), (SELECT count(*) FROM snap_store.snap_revision),
      (SELECT count(*) FROM snap_store.release), (SELECT count(*) FROM snap_store.blob),
      (SELECT count(*) FROM snap_store.assertion)) AS counts`);
  expect(['0 0 0 0 0', '2 2 2 2 5']).toContain(counts?.counts);
  return counts?.counts === '0 0 0 0 0' ? 'none' : 'all';
}

function ledger(state: 'running' | 'done'): Promise<unknown[]> {
  return store.query(`SELECT id FROM snap_store.import WHERE state = '${state}'`);
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const start = Date.now();
  while (!(await condition())) {
    if (Date.now() - start > PATIENCE_MS) throw new Error(`waited too long for ${what}`);
    await sleep(3);
  }
}

function run(args: readonly string[], settings: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      SNAP_STORE_PROXY_DATA: store.dataDir,
      SNAP_STORE_PROXY_LOG: 'silent',
      PROXY_DB_CONNECTION: database.uri,
      PROXY_TRUST_EXTRA_ROOTS: join(store.dataDir, 'roots.assert'),
      ...settings,
    },
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Whether an import begins to be in the ledger, or it is over before anybody could look. */
async function hasBegun(): Promise<boolean> {
  return (await ledger('running')).length > 0 || (await ledger('done')).length > 0;
}

/**
 * Starts what imports, over and over, and kills it at moments spread over the time that an undisturbed import takes.
 * @param begin starts the importing process, with the bundle in its place
 */
async function killAllAlong(what: string, begin: () => Promise<ChildProcess>): Promise<void> {
  const undisturbed = await begin();
  await until('the import to begin', hasBegun);
  const start = performance.now();
  await until('the import to end', async () => (await ledger('done')).length > 0);
  const durationMs = performance.now() - start;
  await kill(undisturbed);
  await empty();

  const outcomes = { inside: 0, all: 0, none: 0 };
  for (let round = 0; round < KILLS; round++) {
    const child = await begin();
    await until('the import to begin', hasBegun);
    await sleep((durationMs * BEYOND_THE_END * (round + 0.5)) / KILLS);
    await kill(child);
    if ((await ledger('running')).length > 0) outcomes.inside++;
    const report = await store.context.get(StoreVerifier).verify();
    expect(report).toMatchObject({ isSound: true });
    const state = await held();
    outcomes[state]++;
    if (state === 'all') await empty();
    // A dead import's row must not be taken for the next one's beginning.
    await store.query("UPDATE snap_store.import SET state = 'failed' WHERE state = 'running'");
  }
  const { inside, all, none } = outcomes;
  console.log(
    `${what}: ${KILLS} kills over ${durationMs.toFixed(0)} ms, ${inside} inside an import; afterwards all was there ${all} times, nothing ${none} times`,
  );
  expect(inside).toBeGreaterThan(0);
}

describe('kill -9', () => {
  it(
    'of push-snap leaves all of a bundle or nothing, and pushing again brings it in',
    { timeout: 600_000 },
    async () => {
      await killAllAlong('push-snap', () => Promise.resolve(run(['--quiet', 'push-snap', bundle])));
      const [exitCode] = (await once(run(['--quiet', 'push-snap', bundle]), 'exit')) as [number];
      expect(exitCode).toBe(0);
      await expectWhole();
    },
  );

  it(
    'of the server that watches a folder leaves all or nothing, and the next start goes on',
    { timeout: 600_000 },
    async () => {
      const watched = join(folder, 'incoming');
      await mkdir(watched);
      const placed = join(watched, 'two.tar.gz');
      // As if it had lain there for long: it is settled as soon as the server has looked twice.
      await utimes(bundle, new Date(0), new Date(0));
      const begin = async (): Promise<ChildProcess> => {
        if (!existsSync(placed))
          await rename(join(watched, 'done', 'two.tar.gz'), placed).catch(() => rename(bundle, placed));
        return run(['serve', '--port', '0', '--host', '127.0.0.1'], { PROXY_IMPORT_WATCH: watched });
      };
      await killAllAlong('watched folder', begin);
      const server = await begin();
      await until('the import', async () => (await ledger('done')).length > 0);
      server.kill('SIGTERM');
      await once(server, 'exit');
      await expectWhole();
    },
  );
});

/** What the command says of the store that the killed processes have left, and that nothing is left over. */
async function expectWhole(): Promise<void> {
  expect(await held()).toBe('all');
  await store.context.get(Collector).collect();
  expect(await store.blobFiles()).toHaveLength(2);
  expect(await store.stagings()).toEqual([]);
  const [exitCode] = (await once(run(['--quiet', 'verify-store']), 'exit')) as [number];
  expect(exitCode).toBe(0);
}
