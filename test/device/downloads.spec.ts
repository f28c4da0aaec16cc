import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';
import { snapIdOf } from './support/snap-maker.js';

const LARGE_BYTES = 24_000_000;

describe('downloads, assertions and checks that a device makes', () => {
  let lab: Lab;
  let front: Front;
  let device: Device;

  beforeAll(async () => {
    lab = await Lab.open();
    const stable = [await lab.snaps.make('jq', 6), await lab.snaps.make('large', 1, { sizeBytes: LARGE_BYTES })];
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), ...stable);
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('jq', 7));
    front = await Front.open(lab.store.url);
    device = await lab.device({ storeUrl: front.url });
  });

  afterAll(async () => {
    await front.close();
    await lab.close();
  });

  const pairFile = (name: string): Promise<Buffer> => readFile(`${lab.folder}/pairs/${name}`);
  const downloaded = (name: string): Promise<Buffer> => readFile(`${device.folder}/${name}`);

  /** Buffers of this size are too much for a matcher that looks at every element. */
  async function expectSame(written: string, pushed: string): Promise<void> {
    expect([written, (await downloaded(written)).equals(await pairFile(pushed))]).toEqual([written, true]);
  }

  it.each([
    ['snap download jq', 'jq_6'],
    ['snap download jq --edge', 'jq_7'],
    ['snap download jq --revision=7 --basename=chosen', 'chosen'],
  ])('%s writes what was pushed, byte for byte', async (command, written) => {
    await device.must(command);
    const pushed = written === 'chosen' ? 'jq_7' : written;
    await expectSame(`${written}.snap`, `${pushed}.snap`);
    await expectSame(`${written}.assert`, `${pushed}.assert`);
  });

  it('a pair that was downloaded can be carried on to the next store', async () => {
    const next = await Lab.open();
    try {
      await next.store.must('push-snap', `${device.folder}/jq_6.snap`);
      const other = await next.device();
      await other.must('snap download jq');
      expect(await readFile(`${other.folder}/jq_6.snap`)).toEqual(await pairFile('jq_6.snap'));
    } finally {
      await next.close();
    }
  });

  it('goes on where it stopped when the connection breaks', async () => {
    front.seen.length = 0;
    const cut = front.cutNextAnswer(5_000_000);
    await device.must('snap download large');
    await cut;
    await expectSame('large_1.snap', 'large_1.snap');
    expect(front.downloads.map(({ status }) => status)).toEqual([200, 206]);
    expect(front.downloads[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('goes on where it stopped when the store is killed and comes back', async () => {
    front.seen.length = 0;
    const cut = front.cutNextAnswer(5_000_000);
    const installing = device.must('snap install large');
    await Promise.race([cut, installing]);
    await lab.store.kill();
    await lab.store.start();
    expect(await installing).toBe('large 1.0 from Testrootorg** installed\n');
    expect(front.downloads.map(({ status }) => status)).toContain(206);
  });

  it('answers HEAD and ranges of a download by themselves', async () => {
    const resumed = front.seen.find(({ status }) => status === 206);
    const url = `${lab.store.url}${resumed!.path}`;
    const pushed = await pairFile('large_1.snap');
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(pushed.length));
    expect(head.headers.get('content-encoding')).toBeNull();
    const part = await fetch(url, { headers: { Range: 'bytes=1000000-1000009' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 1000000-1000009/${pushed.length}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(pushed.subarray(1_000_000, 1_000_010));
    const beyond = await fetch(url, { headers: { Range: `bytes=${pushed.length}-` } });
    expect(beyond.status).toBe(416);
    await beyond.body?.cancel();
  });

  it('hands out assertions as they were signed: snap known --remote', async () => {
    const declaration = await device.must(`snap known --remote snap-declaration series=16 snap-id=${snapIdOf('jq')}`);
    const pushed = (await pairFile('jq_6.assert')).toString();
    expect(declaration.length).toBeGreaterThan(500);
    expect(pushed).toContain(declaration.trimEnd());
    const revision = /^snap-sha3-384: (\S+)$/m.exec(pushed)?.[1] ?? '';
    expect(pushed).toContain(
      (await device.must(`snap known --remote snap-revision snap-sha3-384=${revision}`)).trimEnd(),
    );
    expect(await device.must('snap known --remote account account-id=testrootorg')).toContain(
      'display-name: Testrootorg\n',
    );
  });

  it('says of an assertion that it is not there, not that something failed', async () => {
    const { stdout, stderr } = await device.run(
      'snap known --remote snap-declaration series=16 snap-id=ffffffffffffffffffffffffffffffff',
    );
    expect(stdout).toBe('');
    expect(stderr).not.toContain('unexpected');
    expect(stderr).not.toContain('status code');
  });

  it('passes snapd’s own check of its connection', async () => {
    await lab.store.must('push-snap', await lab.snaps.make('core', 1));
    front.seen.length = 0;
    expect(await device.must('snap debug connectivity')).toBe('Connectivity status:\n * PASS\n');
    expect(front.seen).toMatchObject([
      { method: 'GET', path: expect.stringMatching(/^\/v2\/snaps\/info\/core\?/) as string, status: 200 },
      { method: 'HEAD', status: 200 },
    ]);
  });

  it('is told that the connection does not work while the store is away', async () => {
    await lab.store.stop();
    const { stdout, stderr } = await device.run('snap debug connectivity');
    await lab.store.start();
    expect(stdout + stderr).toContain('unreachable');
  });
});
