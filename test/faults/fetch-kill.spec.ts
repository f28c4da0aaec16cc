import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, generateKeyPairSync, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openBytes, readBundle, SIGNATURE_PATH, SUMS_PATH } from '../../src/formats/bundle/index.js';
import { Sha3_384 } from '../../src/kernel/digest.js';
import { KeyService } from '../../src/modules/keys/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../support/online-store.js';
import { TestAuthority, usualYaml } from '../support/test-authority.js';
import { openTestStore, type TestStore } from '../support/test-store.js';
import { tinySquashfs } from '../support/tiny-squashfs.js';

/** The program as it is shipped; `npm test` builds it first. */
const PROGRAM = resolve(import.meta.dirname, '../../dist/cli.js');
const KILLS = 10;
const MIB = 1024 * 1024;
const SIZES = { jq: 48 * MIB, core22: 24 * MIB, snapd: 64 * 1024 };
/** The block that is being filled when the process dies, and what the kernel has on its way to it. */
const CHUNK_BYTES = 2 * MIB + MIB;
const PATIENCE_MS = 60_000;

const authority = TestAuthority.create();
let database: TestDatabase;
let store: TestStore;
let online: EmulatedOnlineStore;
let folder: string;

beforeAll(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: "npm run build" makes it`);
  database = await createTestDatabase();
  online = await startOnlineStore({ authority });
  store = await openTestStore({ uri: database.uri, authority });
  const { privateKey } = generateKeyPairSync('ed25519');
  await store.context
    .get(KeyService)
    .importKey(Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })), 'signer');
  folder = await mkdtemp(join(tmpdir(), 'fetch-kill-'));
  await online.publish({ name: 'snapd', revision: 9, type: 'snapd', sizeBytes: SIZES.snapd });
  await online.publish({ name: 'core22', revision: 22, type: 'base', base: null, content: noise('core22') });
  await online.publish({ name: 'jq', revision: 6, content: noise('jq') });
});
afterAll(async () => {
  await online.close();
  await store.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Nothing in it is there twice, so that a byte too many or too few shows. */
function noise(name: 'jq' | 'core22'): Buffer {
  const snapYaml =
    name === 'jq' ? usualYaml('jq', 6) : 'name: core22\nversion: "22.0"\ntype: base\narchitectures: [amd64]\n';
  return randomFillSync(tinySquashfs({ 'meta/snap.yaml': snapYaml }, { sizeBytes: SIZES[name] }), 64 * 1024);
}

function run(): ChildProcess {
  const args = ['--quiet', 'fetch-snaps', 'jq', '--architecture', 'amd64', '--export-dir', join(folder, 'out')];
  return spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      SNAP_STORE_PROXY_DATA: store.dataDir,
      SNAP_STORE_PROXY_LOG: 'silent',
      PROXY_DB_CONNECTION: database.uri,
      PROXY_TRUST_EXTRA_ROOTS: join(store.dataDir, 'roots.assert'),
      PROXY_UPSTREAM: online.url,
    },
  });
}

async function fetched(): Promise<string> {
  const [exitCode] = (await once(run(), 'exit')) as [number];
  expect(exitCode).toBe(0);
  const files = await readdir(join(folder, 'out'));
  // Nothing is left of the runs that were killed.
  expect(files).toHaveLength(1);
  return join(folder, 'out', files[0] ?? '');
}

const downloads = () => online.requestsOf('/download/');

describe('kill -9 of fetch-snaps', () => {
  it(
    'costs no more than what was on its way, and the bundle is the same in the end',
    { timeout: 600_000 },
    async () => {
      // So slow that ten kills find it at work: all of it takes longer than they do together.
      online.misbehave('/download/', { kind: 'drip', bytes: 64 * 1024, everyMs: 10 });
      let inside = 0;
      for (let round = 0; round < KILLS; round++) {
        const before = downloads().length;
        const child = run();
        const ended = once(child, 'exit');
        const deadline = Date.now() + PATIENCE_MS;
        while (downloads().length === before && child.exitCode === null) {
          if (Date.now() > deadline) throw new Error('waited too long for a download to begin');
          await sleep(5);
        }
        await sleep(20 + Math.random() * 400);
        if (child.exitCode === null) inside++;
        child.kill('SIGKILL');
        await ended;
      }
      online.behave();
      const killed = await fetched();
      const paths = [...new Set(downloads().map(({ path }) => path))];
      expect(paths).toHaveLength(3);
      const total = Object.values(SIZES).reduce((sum, size) => sum + size, 0);
      const again = paths.reduce((sum, path) => sum + online.sentBytes(path), 0) - total;
      const resumed = downloads().filter(({ headers }) => headers.range !== undefined).length;
      console.log(
        `${KILLS} kills, ${inside} of them while it was at work; ${resumed} downloads went on where they had stopped, ` +
          `${again} bytes were sent twice`,
      );
      expect(inside).toBe(KILLS);
      expect(resumed).toBeGreaterThan(KILLS / 2);
      // Two files come at a time.
      expect(again).toBeLessThanOrEqual(KILLS * 2 * CHUNK_BYTES);
      const bytesOfKilled = await membersOf(killed);

      await rm(join(store.dataDir, 'fetch-cache'), { recursive: true });
      await rm(join(folder, 'out'), { recursive: true });
      expectSame(bytesOfKilled, await membersOf(await fetched()));
    },
  );
});

/** Every member, in order. */
async function membersOf(path: string): Promise<Map<string, Buffer>> {
  // As the other side reads it: digests, sums and signature.
  for await (const part of readBundle(openBytes(path), { file: path })) {
    if (part.kind === 'head') expect(part.signer).not.toBeNull();
    if (part.kind !== 'snap') continue;
    const hash = createHash('sha3-384');
    for await (const piece of part.content) hash.update(piece);
    part.confirm(Sha3_384.fromBytes(hash.digest()));
  }
  const members = new Map<string, Buffer>();
  const tar = extract();
  tar.end(gunzipSync(await readFile(path)));
  for await (const entry of tar) {
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    members.set(entry.header.name, Buffer.concat(pieces));
  }
  return members;
}

/** All but what says which bundle it is, when it was made, and the signature over that. */
function expectSame(one: Map<string, Buffer>, other: Map<string, Buffer>): void {
  expect([...one.keys()]).toEqual([...other.keys()]);
  const own = ['bundle.json', SIGNATURE_PATH, SUMS_PATH];
  for (const [path, bytes] of one) {
    if (!own.includes(path)) expect(bytes.equals(other.get(path) ?? Buffer.alloc(0)), path).toBe(true);
  }
  expect(manifestOf(one)).toEqual(manifestOf(other));
  expect(sumsOf(one)).toEqual(sumsOf(other));
}

function manifestOf(members: Map<string, Buffer>): unknown {
  const manifest = JSON.parse(members.get('bundle.json')?.toString('utf8') ?? '') as Record<string, unknown>;
  expect(manifest.id).toMatch(/^[0-9a-f-]{36}$/);
  return { ...manifest, id: null, created: null };
}

function sumsOf(members: Map<string, Buffer>): string[] {
  const lines = members.get(SUMS_PATH)?.toString('latin1').split('\n') ?? [];
  return lines.filter((line) => !/ {2}bundle\.json(\.sig)?$/.test(line));
}
