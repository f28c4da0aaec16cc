import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { mayStart } from '../../../platform/egress/programs.js';
import { XDELTA3_PLACES, Xdelta3 } from './xdelta3.js';

const isInstalled = XDELTA3_PLACES.some((place) => existsSync(place));

describe(Xdelta3.name, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xdelta3-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is looked for only where an air-gapped store may start it', () => {
    const own = { execPath: '/usr/bin/node', execArgv: [], entry: '/x/cli.js' };
    expect(XDELTA3_PLACES.map((place) => mayStart(place, ['-e'], own))).toEqual([true, true]);
  });

  it('is not there where it is not', async () => {
    const program = new Xdelta3([join(folder, 'missing')]);
    expect(await program.find()).toBeNull();
    const run = program.decode({ path: '/dev/null' }, Readable.from([]));
    await expect(run.next()).rejects.toMatchObject({ code: 'delta-program-missing' });
  });

  it.runIf(isInstalled)('makes of two files what makes the one of the other, and names neither', async () => {
    const program = new Xdelta3();
    const old = randomBytes(3_000_000);
    const changed = Buffer.concat([old.subarray(0, 1_000_000), randomBytes(50_000), old.subarray(900_000)]);
    const path = join(folder, 'secret-name.snap');
    await writeFile(path, old);
    const encoded = program.encode({ path, sizeBytes: old.length }, Readable.from([changed]));
    const delta = await buffer(encoded);
    expect(delta.length).toBeGreaterThan(50_000);
    expect(delta.length).toBeLessThan(60_000);
    // VCDIFF, without a second compression and without words of its own.
    expect(delta.subarray(0, 5).toString('hex')).toBe('d6c3c40000');
    expect(delta.includes('secret-name')).toBe(false);
    expect((await buffer(program.decode({ path }, Readable.from([delta])))).equals(changed)).toBe(true);
    const damaged = Buffer.from(delta);
    damaged.fill(0xff, 5, 40);
    await expect(buffer(program.decode({ path }, Readable.from([damaged])))).rejects.toMatchObject({
      code: 'delta-failed',
    });
  });
});
