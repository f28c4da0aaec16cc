import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ProgramBounds, runBounded } from './bounded-program.js';

const BOUNDS: ProgramBounds = { timeMs: 20_000, memoryBytes: 256 * 1024 * 1024 };
const MIB = Buffer.alloc(1024 * 1024, 'x');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bounded-program-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(script: string): Promise<string> {
  const path = join(folder, `program-${Math.random()}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    await sleep(0);
    yield MIB;
  }
}

async function run(script: string, input = pieces(0), bounds: Partial<ProgramBounds> = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of runBounded(await program(script), ['-x', 'y'], input, { ...BOUNDS, ...bounds }))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Whether a process that was started for this file still runs. */
async function runs(marker: string): Promise<boolean> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.some((line) => line.includes(marker));
}

describe(runBounded.name, () => {
  it('gives what the program makes of its input, whole', async () => {
    expect((await run('cat', pieces(5))).length).toBe(5 * MIB.length);
    expect((await run('echo "$@"')).toString()).toBe('-x y\n');
  });

  it('hands it nothing of its environment', async () => {
    process.env.BOUNDED_PROGRAM_SECRET = 'secret';
    expect((await run('/usr/bin/env')).toString()).not.toContain('secret');
    delete process.env.BOUNDED_PROGRAM_SECRET;
  });

  it('runs it after everything else', async () => {
    // The 19th field is its nice value; the second is its name in brackets.
    expect((await run('sleep 0.1; cut -d" " -f19 /proc/self/stat')).toString()).toBe('19\n');
  });

  it('says how it ended where that was not well, and no path of this machine', async () => {
    await expect(run('echo "/srv/secret/file: no such file" >&2; exit 3')).rejects.toThrow(
      'xdelta3 ended with exit code 3: … no such file',
    );
    await expect(run('kill -TERM $$')).rejects.toThrow('xdelta3 was ended by SIGTERM');
    await expect(run('head -c 100000 /dev/zero >&2; exit 1')).rejects.toMatchObject({ code: 'delta-failed' });
    const missing = runBounded(join(folder, 'missing'), [], pieces(0), BOUNDS);
    await expect(missing.next()).rejects.toThrow('could not be started');
  });

  it('does not mind one that ends before it has read everything', async () => {
    expect((await run('echo enough', pieces(20))).toString()).toBe('enough\n');
  });

  it('ends one that takes too long', async () => {
    await expect(run('exec sleep 31.4159', pieces(0), { timeMs: 200 })).rejects.toThrow('longer than 0.2 seconds');
    expect(await runs('31.4159')).toBe(false);
  });

  it('ends one that takes too much memory', async () => {
    const hungry = 'exec tail -c 300000000';
    await expect(run(hungry, pieces(300), { memoryBytes: 32 * 1024 * 1024 })).rejects.toThrow('of memory');
  });

  it('ends one whose output nobody reads on', async () => {
    for await (const chunk of runBounded(await program('exec yes 27.1828'), [], pieces(0), BOUNDS)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await runs('27.1828')).toBe(false);
  });

  it('ends one when it is told to stop, with the reason', async () => {
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort(new Error('stopping'));
    }, 100);
    await expect(run('exec sleep 14.1421', pieces(0), { signal: controller.signal })).rejects.toThrow('stopping');
    expect(await runs('14.1421')).toBe(false);
    await expect(run('cat', pieces(0), { signal: controller.signal })).rejects.toThrow('stopping');
  });

  it('fails with what its input fails with', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* pieces(2);
      throw new Error('the file changed');
    }
    await expect(run('cat', broken())).rejects.toThrow('the file changed');
  });
});
