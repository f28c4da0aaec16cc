import { randomBytes } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';
import { snapIdOf } from './support/snap-maker.js';

const PAYLOAD_BYTES = 4_000_000;
const MAKING_DEADLINE_MS = 60_000;

interface Line {
  readonly source: number;
  readonly target: number;
  readonly state: string;
  readonly sizeBytes: number;
  readonly sha3_384: string;
}

describe('a device that refreshes by deltas', () => {
  let lab: Lab;
  let front: Front;
  let device: Device;
  let payload: string;

  const push = async (revision: number): Promise<void> => {
    await lab.store.must('push-snap', await lab.snaps.make('large', revision, { payload }));
  };

  /** The delta to a revision from the one before it, once the store has made it by itself. */
  const made = async (target: number): Promise<Line> => {
    const deadline = Date.now() + MAKING_DEADLINE_MS;
    for (;;) {
      const { deltas } = JSON.parse(await lab.store.must('deltas', 'list', 'large', '--format', 'json')) as {
        deltas: Line[];
      };
      const delta = deltas.find((line) => line.source === target - 1 && line.target === target);
      if (delta?.state === 'made') return delta;
      if (Date.now() > deadline) throw new Error(`no delta: ${JSON.stringify(deltas)}\n${lab.store.output}`);
      await sleep(200);
    }
  };

  const downloaded = (): { file: string; status: number }[] =>
    front.downloads.map(({ path, status }) => ({ file: path.replace(/^.*\//, ''), status }));

  const expectInstalled = async (revision: number): Promise<void> => {
    expect((await device.installed()).large).toMatchObject({ revision: String(revision) });
    const pushed = `${lab.folder}/pairs/large_${revision}.snap`;
    expect(await device.must(`cmp /var/lib/snapd/snaps/large_${revision}.snap ${pushed}`)).toBe('');
    expect(await device.must('/snap/large/current/bin/large')).toBe(`large revision ${revision}\n`);
  };

  beforeAll(async () => {
    lab = await Lab.open(['proxy.deltas.enabled=true']);
    payload = join(lab.folder, 'payload');
    await writeFile(payload, randomBytes(PAYLOAD_BYTES));
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()));
    await push(1);
    front = await Front.open(lab.store.url);
    device = await lab.device({ storeUrl: front.url });
    await device.must('snap install large');
  });

  afterAll(async () => {
    await front.close();
    await lab.close();
  });

  it('fetches what is new of a snap, and has the whole of it', async () => {
    await push(2);
    const delta = await made(2);
    expect(delta.sizeBytes).toBeLessThan(PAYLOAD_BYTES / 10);
    front.seen.length = 0;
    expect(await device.must('snap refresh large')).toBe('large 2.0 from Testrootorg** refreshed\n');
    expect(downloaded()).toEqual([{ file: `${snapIdOf('large')}_1_2_xdelta3.delta`, status: 200 }]);
    expect(front.requestsFor(/snaps\/refresh$/).at(-1)?.headers['snap-accept-delta-format']).toBe('xdelta3');
    await expectInstalled(2);
  });

  it('fetches the whole snap where the delta is not what it was', async () => {
    await push(3);
    const { sha3_384 } = await made(3);
    await appendFile(join(lab.store.dataDir, 'blobs', sha3_384.slice(0, 2), sha3_384), 'x');
    front.seen.length = 0;
    expect(await device.must('snap refresh large')).toBe('large 3.0 from Testrootorg** refreshed\n');
    expect(downloaded()).toEqual([
      { file: `${snapIdOf('large')}_2_3_xdelta3.delta`, status: 404 },
      { file: `${snapIdOf('large')}_3.snap`, status: 200 },
    ]);
    await expectInstalled(3);
  });

  it('fetches the whole snap where no delta leads to what it is offered', async () => {
    await lab.store.must('config', 'proxy.deltas.enabled=false');
    await push(4);
    front.seen.length = 0;
    await device.must('snap refresh large');
    expect(downloaded()).toEqual([{ file: `${snapIdOf('large')}_4.snap`, status: 200 }]);
    await expectInstalled(4);
  });
});
