import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lutimes, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatIdentity, ownIdentity, startTicksOf } from './process-identity.js';
import { FolderLock, type FolderLockOptions } from './folder-lock.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-lock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe(FolderLock.name, () => {
  it('lets one in at a time, and everyone in the end', async () => {
    const counter = join(folder, 'counter');
    await writeFile(counter, '0');
    let inside = 0;
    const visit = async (): Promise<void> => {
      const lock = await acquire();
      inside += 1;
      expect(inside).toBe(1);
      const count = Number(await readFile(counter, 'utf8'));
      await turn();
      await writeFile(counter, String(count + 1));
      inside -= 1;
      await lock.release();
    };
    await Promise.all(Array.from({ length: 40 }, visit));
    expect(await readFile(counter, 'utf8')).toBe('40');
  });

  it('keeps few of the tickets that were drawn', async () => {
    for (let round = 0; round < 60; round += 1) await (await acquire()).release();
    expect((await readdir(folder)).length).toBeLessThan(40);
  });

  it('waits for a live process, says so once, and names it when it gives up', async () => {
    const lock = await acquire();
    const waitedFor: number[] = [];
    const late = FolderLock.acquire(folder, { patience: patience(1_200), onWait: (pid) => waitedFor.push(pid) });
    await expect(late).rejects.toThrow(`process ${process.pid} has it`);
    expect(waitedFor).toEqual([process.pid]);
    await lock.release();
  });

  it('stops waiting when it is told to', async () => {
    const lock = await acquire();
    const controller = new AbortController();
    const waiting = FolderLock.acquire(folder, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toThrow(/abort/);
    await lock.release();
  });

  it.each([
    ['that was killed', async () => formatIdentity(await killed())],
    ['whose number another process has now', async () => formatIdentity({ ...(await ownIdentity()), startTicks: '1' })],
    ['of an earlier boot', async () => formatIdentity({ ...(await ownIdentity()), bootId: 'before' })],
    ['that cannot be told', () => Promise.resolve('what is this')],
  ])('is not kept by a process %s', async (_, owner) => {
    await symlink(await owner(), join(folder, '7'));
    await (await acquire()).release();
    expect(await readdir(folder)).toContain('9');
  });

  it('is kept by a process of another container as long as that gives signs of life', async () => {
    const ticket = join(folder, '1');
    await symlink(formatIdentity({ ...(await ownIdentity()), pidNamespace: '1' }), ticket);
    await expect(FolderLock.acquire(folder, { patience: patience(100) })).rejects.toThrow('has it');
    const aWhileAgo = new Date(Date.now() - 60_000);
    await lutimes(ticket, aWhileAgo, aWhileAgo);
    await (await acquire()).release();
  });
});

describe(startTicksOf.name, () => {
  it('knows a process from one that is no more', async () => {
    expect(await startTicksOf(process.pid)).toMatch(/^\d+$/);
    expect(await startTicksOf((await killed()).pid)).toBeNull();
  });
});

function acquire(): Promise<FolderLock> {
  return FolderLock.acquire(folder, { patience: patience(60_000) });
}

async function killed(): Promise<Awaited<ReturnType<typeof ownIdentity>>> {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const startTicks = (await startTicksOf(child.pid ?? 0)) ?? '';
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { ...(await ownIdentity()), pid: child.pid ?? 0, startTicks };
}

function patience(ms: number): NonNullable<FolderLockOptions['patience']> {
  return { ms, error: (pid) => new Error(`process ${pid} has it`) };
}
