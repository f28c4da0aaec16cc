import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { Lab } from './support/lab.js';
import { snapIdOf } from './support/snap-maker.js';

describe('first light: an operator pushes, an unmodified snap command installs', () => {
  let lab: Lab;
  let device: Device;

  beforeAll(async () => {
    lab = await Lab.open();
    const jq = await lab.snaps.make('jq', 6);
    await lab.store.must('push-snap', jq, ...(await lab.snaps.essentials()));
    device = await lab.device();
  });

  afterAll(() => lab.close());

  it('shows what the store knows: snap info', async () => {
    const info = await device.must('snap info jq');
    expect(info).toContain('name:      jq');
    expect(info).toContain('summary:   The jq of the tests');
    expect(info).toContain('publisher: Testrootorg**');
    expect(info).toContain(`snap-id: ${snapIdOf('jq')}`);
    expect(info).toMatch(/latest\/stable: +6\.0 \d{4}-\d\d-\d\d \(6\) 4kB -/);
    expect(info).toMatch(/latest\/edge: +\^/);
  });

  it('installs a snap with its base and with snapd', async () => {
    expect(await device.must('snap install jq')).toBe('jq 6.0 from Testrootorg** installed\n');
    expect(await device.installed()).toEqual({
      core22: { version: '1.0', revision: '1', tracking: 'latest/stable', publisher: 'testrootorg**', notes: 'base' },
      jq: { version: '6.0', revision: '6', tracking: 'latest/stable', publisher: 'testrootorg**', notes: '-' },
      snapd: { version: '1.0', revision: '1', tracking: 'latest/stable', publisher: 'testrootorg**', notes: 'snapd' },
    });
  });

  it('installed the bytes that were pushed, and they run', async () => {
    expect(await device.must('/snap/jq/current/bin/jq --version')).toBe('jq revision 6 --version\n');
    expect(await device.must(`cmp /var/lib/snapd/snaps/jq_6.snap ${lab.folder}/pairs/jq_6.snap`)).toBe('');
  });

  it('says that there is nothing new while there is nothing new', async () => {
    const { exitCode, stderr } = await device.run('snap refresh');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'All snaps up to date.\n' });
    expect((await device.run('snap refresh jq')).stderr).toBe('snap "jq" has no updates available\n');
  });

  it('refreshes to a revision that is pushed while the store runs', async () => {
    await lab.store.must('push-snap', await lab.snaps.make('jq', 7));
    expect(await device.must('snap refresh --list')).toMatch(/^jq +7\.0 +7 +4kB +testrootorg\*\* +-$/m);
    expect(await device.must('snap refresh')).toBe('jq 7.0 from Testrootorg** refreshed\n');
    expect((await device.installed()).jq).toMatchObject({ version: '7.0', revision: '7' });
    expect(await device.must('/snap/jq/current/bin/jq')).toBe('jq revision 7\n');
  });

  it('goes to the revision that is asked for', async () => {
    expect(await device.must('snap refresh jq --revision=6')).toBe('jq 6.0 from Testrootorg** refreshed\n');
    expect((await device.installed()).jq).toMatchObject({ revision: '6' });
    await device.must('snap remove --purge jq');
    expect(await device.must('snap install jq --revision=7')).toBe('jq 7.0 from Testrootorg** installed\n');
    expect((await device.installed()).jq).toMatchObject({ revision: '7', tracking: 'latest/stable' });
  });

  it('finds the store again after it was away', async () => {
    await lab.store.stop();
    await lab.store.start();
    await lab.store.must('push-snap', await lab.snaps.make('jq', 8));
    expect(await device.must('snap refresh jq')).toBe('jq 8.0 from Testrootorg** refreshed\n');
  });

  it('installs an empty device from one folder as well', async () => {
    const other = await Lab.open();
    try {
      await Promise.all([other.snaps.make('jq', 6), other.snaps.essentials()]);
      await other.store.must('push-snap', `${other.folder}/pairs`);
      const fresh = await other.device();
      expect(await fresh.must('snap install jq')).toBe('jq 6.0 from Testrootorg** installed\n');
    } finally {
      await other.close();
    }
  });

  it('installs snaps whatever they are compressed with', async () => {
    const compressors = ['xz', 'zstd', 'gzip', 'lzo', 'lz4'] as const;
    const names = compressors.map((compressor) => `with-${compressor}`);
    const files = compressors.map((compressor) => lab.snaps.make(`with-${compressor}`, 1, { compressor }));
    await lab.store.must('push-snap', ...(await Promise.all(files)));
    await device.must(`snap install ${names.join(' ')}`);
    const installed = await device.installed();
    expect(names.map((name) => installed[name]?.revision)).toEqual(names.map(() => '1'));
    for (const name of names)
      expect(await device.must(`/snap/${name}/current/bin/${name}`)).toBe(`${name} revision 1\n`);
  });
});
