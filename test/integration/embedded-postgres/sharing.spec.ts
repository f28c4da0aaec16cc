import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { clusterOf, eventually, exists, kill, postmasterOf, Scene, serversBelow } from './scene.js';

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

describe('one process and its database', () => {
  it('makes a database that is durable, UTF-8, in C order and open to its owner through a socket only', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const user = scene.user(dataDir);
    const connection = await user.acquired();
    const names =
      'server_encoding lc_collate listen_addresses fsync synchronous_commit full_page_writes unix_socket_permissions';
    const settings: Record<string, unknown> = {};
    for (const name of names.split(' ')) {
      const [row] = await user.query(
        name === 'lc_collate'
          ? 'SELECT datcollate AS value FROM pg_database WHERE datname = current_database()'
          : `SELECT current_setting('${name}') AS value`,
      );
      settings[name] = row?.value;
    }
    expect(settings).toEqual({
      server_encoding: 'UTF8',
      lc_collate: 'C',
      listen_addresses: '',
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      unix_socket_permissions: '0700',
    });
    expect(connection).toMatchObject({ user: 'snap_store', database: 'snap_store' });
    expect((await stat(connection.host)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, 'database', 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(await clusterOf(dataDir))).mode & 0o777).toBe(0o700);
    const [role] = await user.query('SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user');
    expect(role).toEqual({ rolsuper: false, rolcreatedb: true });

    const intruder = new pg.Client({ ...connection, password: 'guessed', ssl: false });
    await expect(intruder.connect()).rejects.toMatchObject({ code: '28P01' });
    expect(await user.leave()).toBe(0);
  });

  it('finds at its second start what it wrote at its first', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const first = scene.user(dataDir);
    await first.acquired();
    await first.query('CREATE TABLE kept AS SELECT 42 AS answer');
    await first.leave();
    expect(await serversBelow(dataDir)).toEqual([]);
    const second = scene.user(dataDir);
    await second.acquired();
    expect(second.said.filter((line) => 'info' in line)).toEqual([]);
    expect(await second.query('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.leave();
  });

  it.each([
    ['is too long for a socket', 'very/'.repeat(40)],
    ['has letters that mean something to PostgreSQL', `it's, "here"`],
  ])('works in a folder whose path %s', async (_, name) => {
    dataDir = join(await scene.emptyFolder({ name }), 'data');
    const user = scene.user(dataDir);
    const { host } = await user.acquired();
    expect(Buffer.byteLength(join(host, '.s.PGSQL.5432'))).toBeLessThanOrEqual(100);
    expect((await stat(host)).mode & 0o777).toBe(0o700);
    expect(await user.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await user.leave();
    expect(await exists(host)).toBe(false);
  });
});

describe('several processes on one data folder', () => {
  it('make one database when they start at the same time, and the last one stops it', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const users = Array.from({ length: 5 }, () => scene.user(dataDir));
    await Promise.all(users.map((user) => user.acquired()));
    const made = users.flatMap((user) => user.said.filter((line) => String(line.info).startsWith('making')));
    expect(made).toHaveLength(1);
    const systems = await Promise.all(users.map((user) => user.query('SELECT pg_postmaster_start_time()::text AS t')));
    expect(new Set(systems.map((rows) => rows[0]?.t)).size).toBe(1);
    const last = users.pop()!;
    await Promise.all(users.map((user) => user.leave()));
    expect(await last.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await last.leave();
  });

  it('never lose the database under them while others come, go and are killed', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const first = scene.user(dataDir);
    await first.acquired();
    await first.query('CREATE TABLE visit (id bigserial)');
    await first.leave();

    let visits = 0;
    const spread = random(20_240_607);
    const live = async (): Promise<void> => {
      for (let round = 0; round < 6; round += 1) {
        await sleep(spread(150));
        const user = scene.user(dataDir);
        if (spread(3) === 0) {
          await sleep(spread(400));
          user.kill('SIGKILL');
          await user.gone();
        } else {
          await user.acquired();
          await user.query('INSERT INTO visit DEFAULT VALUES');
          visits += 1;
          await sleep(spread(60));
          expect(await user.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
          expect(await user.leave()).toBe(0);
          expect(user.said.filter((line) => 'warning' in line)).toEqual([]);
        }
      }
    };
    await Promise.all([live(), live(), live(), live()]);

    const last = scene.user(dataDir);
    await last.acquired();
    expect(await last.query('SELECT count(*)::int AS n FROM visit')).toEqual([{ n: visits }]);
    await last.leave();
  });

  it('leave it running when one of them gets the Ctrl-C of its terminal', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const interrupted = scene.user(dataDir);
    await interrupted.acquired();
    const other = scene.user(dataDir);
    await other.acquired();
    const postmaster = await postmasterOf(dataDir);
    process.kill(-interrupted.pid, 'SIGINT');
    await interrupted.gone();
    expect(interrupted.said.at(-1)).toEqual({ released: true });
    expect(await postmasterOf(dataDir)).toBe(postmaster);
    expect(await other.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(other.said.filter((line) => 'warning' in line)).toEqual([]);
    await other.leave();
  });

  it('stop it although the other one was killed only just now', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const last = scene.user(dataDir);
    await last.acquired();
    const before = await sessionsOf(dataDir);
    const killed = scene.user(dataDir);
    await killed.acquired();
    const [session] = (await sessionsOf(dataDir)).filter((pid) => !before.includes(pid));
    // Held up, so that the server is sure not to have noticed when the other one leaves.
    kill(session!, 'SIGSTOP');
    killed.kill('SIGKILL');
    await killed.gone();
    const left = last.leave();
    await sleep(200);
    kill(session!, 'SIGCONT');
    expect(await left).toBe(0);
  });

  it('do not stop it under one that waits to join', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    for (let round = 0; round < 8; round += 1) {
      const leaving = scene.user(dataDir);
      await leaving.acquired();
      const coming = scene.user(dataDir);
      await sleep(round * 30);
      await leaving.leave();
      await coming.acquired();
      expect(await coming.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(coming.said.filter((line) => 'warning' in line)).toEqual([]);
      await coming.leave();
    }
  });
});

describe('after something was killed', () => {
  it('finds the server that a killed process left, and stops it when done', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const killed = scene.user(dataDir);
    await killed.acquired();
    const postmaster = await postmasterOf(dataDir);
    killed.kill('SIGKILL');
    await killed.gone();
    const next = scene.user(dataDir);
    await next.acquired();
    expect(await postmasterOf(dataDir)).toBe(postmaster);
    await next.leave();
  });

  it('starts over what died altogether, stale files and all', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const killed = scene.user(dataDir);
    const { host } = await killed.acquired();
    await killed.query('CREATE TABLE kept AS SELECT 42 AS answer');
    killed.kill('SIGKILL');
    for (const pid of await serversBelow(dataDir)) kill(pid, 'SIGKILL');
    await killed.gone();
    expect(await exists(join(host, '.s.PGSQL.5432'))).toBe(true);
    const next = scene.user(dataDir);
    await next.acquired();
    expect(await next.query('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await next.leave();
  });

  it('is back for those who use it after the server itself was killed', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const users = [scene.user(dataDir), scene.user(dataDir)];
    await Promise.all(users.map((user) => user.acquired()));
    const postmaster = await postmasterOf(dataDir);
    kill(postmaster, 'SIGKILL');
    await Promise.all(
      users.map((user) => eventually('recovery', () => Promise.resolve(user.said.find(isBack) ?? null))),
    );
    expect(await postmasterOf(dataDir)).not.toBe(postmaster);
    for (const user of users) expect(await user.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await users[0]!.leave();
    expect(await users[1]!.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await users[1]!.leave();
  });

  it('lets go in order when the server was killed', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const user = scene.user(dataDir);
    await user.acquired();
    for (const pid of await serversBelow(dataDir)) kill(pid, 'SIGKILL');
    expect(await user.leave()).toBe(0);
  });

  it('makes the database again that was interrupted half way, and leaves nothing of the first attempt', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const desk = join(dataDir, 'database');
    const killed = scene.user(dataDir);
    const workshop = await eventually('an unfinished cluster', async () => {
      const names = await readdir(desk).catch(() => []);
      const name = names.find((candidate) => candidate.startsWith('initdb-'));
      return name !== undefined && (await exists(join(desk, name, 'cluster', 'PG_VERSION'))) ? name : null;
    });
    killed.kill('SIGKILL');
    for (const pid of await initdbOf(workshop)) kill(pid, 'SIGKILL');
    await killed.gone();
    expect(await exists(join(desk, 'cluster'))).toBe(false);
    expect(await readdir(desk)).toContain(workshop);
    const next = scene.user(dataDir);
    await next.acquired();
    expect((await readdir(desk)).filter((name) => name.startsWith('initdb-'))).toEqual([]);
    await next.leave();
  });

  it('does not take a chance process for the server whose number it has', async () => {
    dataDir = join(await scene.emptyFolder(), 'data');
    const first = scene.user(dataDir);
    await first.acquired();
    first.kill('SIGKILL');
    for (const pid of await serversBelow(dataDir)) kill(pid, 'SIGKILL');
    await first.gone();
    // As after a restart of a container, where the same numbers come round again.
    const pidFile = join(await clusterOf(dataDir), 'postmaster.pid');
    await renumber(pidFile, process.pid);
    const next = scene.user(dataDir);
    await next.acquired();
    await next.leave();
  });
});

function isBack(line: Record<string, unknown>): boolean {
  return String(line.info).includes('is back');
}

/** The server's processes that each serve one client. */
async function sessionsOf(dataDir: string): Promise<number[]> {
  const pids = await serversBelow(dataDir);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => commands[index]?.includes('[local] idle'));
}

async function initdbOf(workshop: string): Promise<number[]> {
  const pids: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(workshop) || command.includes('postgres\0--boot')) pids.push(Number(name));
  }
  return pids;
}

async function renumber(pidFile: string, pid: number): Promise<void> {
  const [, ...rest] = (await readFile(pidFile, 'utf8')).split('\n');
  await writeFile(pidFile, [String(pid), ...rest].join('\n'));
}

/** The same sequence every time: a failure can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}
