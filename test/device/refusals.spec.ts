import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';

const NOT_INSTALLED = { exitCode: 1, stdout: '' };

describe('what a device is refused, and how it is told', () => {
  let lab: Lab;
  let front: Front;
  let device: Device;

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), await lab.snaps.make('jq', 6));
    front = await Front.open(lab.store.url);
    device = await lab.device({ storeUrl: front.url });
    await device.must('snap install jq');
  });

  afterAll(async () => {
    await front.close();
    await lab.close();
  });

  /** The stored file that has the bytes of a pair's snap. */
  async function blobOf(snapFile: string): Promise<string> {
    const wanted = await readFile(snapFile);
    for (const entry of await readdir(join(lab.store.dataDir, 'blobs'), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && wanted.equals(await readFile(path))) return path;
    }
    throw new Error(`The store has no blob with the bytes of ${snapFile}`);
  }

  async function flipByte(path: string, position: number): Promise<void> {
    const file = await open(path, 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    byte[0]! ^= 0xff;
    await file.write(byte, 0, 1, position);
    await file.close();
  }

  async function installs(command: string): Promise<{ exitCode: number; stdout: string; words: string }> {
    const { exitCode, stdout, stderr } = await device.run(command);
    return { exitCode, stdout, words: stderr.replace(/\s+/g, ' ').trim() };
  }

  it('a snap that the store does not hold', async () => {
    expect(await installs('snap install nobody-has-this')).toEqual({
      ...NOT_INSTALLED,
      words: 'error: snap "nobody-has-this" not found',
    });
    expect((await installs('snap info nobody-has-this')).words).toBe('error: no snap found for "nobody-has-this"');
    expect((await installs('snap download nobody-has-this')).words).toBe(
      'error: cannot download snap "nobody-has-this": snap not found',
    );
  });

  it('several snaps at once of which one is not held: none is installed', async () => {
    await lab.store.must('push-snap', await lab.snaps.make('beside', 1));
    expect(await installs('snap install beside nobody-has-this')).toMatchObject(NOT_INSTALLED);
    expect(await device.installed()).not.toHaveProperty('beside');
  });

  it('a revision that the store does not hold', async () => {
    expect(await installs('snap refresh jq --revision=99')).toEqual({
      ...NOT_INSTALLED,
      words: 'error: snap "jq" revision 99 not available (see \'snap info jq\')',
    });
    expect((await device.installed()).jq).toMatchObject({ revision: '6' });
  });

  it('a snap that is there for other architectures only', async () => {
    const yaml = 'architectures: [arm64]\nbase: core22';
    await lab.store.must('push-snap', await lab.snaps.make('on-arm', 1, { yaml }));
    const { exitCode, words } = await installs('snap install on-arm');
    expect(exitCode).toBe(1);
    expect(words).toContain('snap "on-arm" is not available on stable for this architecture (amd64)');
    expect(words).toContain('but exists on other architectures (arm64)');
  });

  it('a channel that has nothing', async () => {
    const { exitCode, words } = await installs('snap refresh jq --channel=9.9/stable');
    expect(exitCode).toBe(1);
    expect(words).toContain('snap "jq" is not available on 9.9/stable');
    expect((await device.installed()).jq).toMatchObject({ tracking: 'latest/stable' });
  });

  it('a revision that cannot read the data which is there; by way of one that can, it is reached', async () => {
    const yaml = (epoch: string): string => `epoch: ${epoch}\nbase: core22\narchitectures: [amd64]`;
    await lab.store.must('push-snap', await lab.snaps.make('stepping', 1, { yaml: yaml('0') }));
    await device.must('snap install stepping');
    await lab.store.must('push-snap', await lab.snaps.make('stepping', 3, { yaml: yaml('1') }));
    expect(await installs('snap refresh stepping')).toEqual({
      exitCode: 0,
      stdout: '',
      words: 'snap "stepping" has no updates available',
    });
    expect(await installs('snap refresh')).toMatchObject({ exitCode: 0, words: 'All snaps up to date.' });
    expect((await device.installed()).stepping).toMatchObject({ revision: '1' });
    await lab.store.must('push-snap', await lab.snaps.make('stepping', 2, { yaml: yaml('1*') }));
    expect(await device.must('snap refresh stepping')).toBe('stepping 2.0 from Testrootorg** refreshed\n');
    await lab.store.must('release', 'stepping', '3', 'latest/stable');
    expect(await device.must('snap refresh stepping')).toBe('stepping 3.0 from Testrootorg** refreshed\n');
    // One that comes from behind climbs the same steps, though only the last one is released: snapd asks again after each.
    await device.must('snap remove --purge stepping');
    await device.must('snap install stepping --revision=1');
    expect(await device.must('snap refresh stepping')).toBe('stepping 3.0 from Testrootorg** refreshed\n');
    expect(await device.must('snap list --all stepping')).toMatch(/^stepping +2\.0 +2 .* disabled$/m);
  });

  it('a snap that was changed after it was signed: the store does not take it, no device hears of it', async () => {
    const made = await lab.snaps.make('forged', 1, { sizeBytes: 100_000 });
    const folder = join(lab.folder, 'forged');
    await mkdir(folder);
    const forged = join(folder, 'forged_1.snap');
    await copyFile(made, forged);
    await copyFile(made.replace('.snap', '.assert'), forged.replace('.snap', '.assert'));
    await flipByte(forged, 50_000);
    const push = await lab.store.command('push-snap', forged);
    expect(push.exitCode).toBe(3);
    expect(push.stderr).toContain('forged_1.snap');
    expect((await installs('snap install forged')).words).toBe('error: snap "forged" not found');
  });

  it('a blob that was changed behind the store’s back: not one byte of it leaves the store', async () => {
    const made = await lab.snaps.make('tampered', 1, { sizeBytes: 3_000_000 });
    await lab.store.must('push-snap', made);
    const blob = await blobOf(made);
    await flipByte(blob, 2_000_000);
    front.seen.length = 0;

    const { exitCode, words } = await installs('snap install tampered');
    expect(exitCode).toBe(1);
    expect(words).toContain('tampered');
    expect(await device.installed()).not.toHaveProperty('tampered');
    expect(await device.must('ls /var/lib/snapd/snaps')).not.toContain('tampered');
    expect(front.downloads.length).toBeGreaterThan(0);
    expect(front.downloads.filter(({ status }) => status < 400)).toEqual([]);

    const audit = await lab.store.command('verify-store');
    expect(audit.exitCode).toBe(3);
    expect(audit.stdout).toContain(
      `file ${createHash('sha3-384')
        .update(await readFile(made))
        .digest('hex')} is damaged`,
    );
  });

  it('a blob that lost its end', async () => {
    const made = await lab.snaps.make('shortened', 1, { sizeBytes: 1_000_000 });
    await lab.store.must('push-snap', made);
    await device.must('snap download shortened');
    await truncate(await blobOf(made), 500_000);
    expect(await installs('snap install shortened')).toMatchObject({ exitCode: 1 });
    expect(await installs('snap download shortened --target-directory=/run/again')).toMatchObject({ exitCode: 1 });
    expect(await device.installed()).not.toHaveProperty('shortened');
  });

  it('and none of that gets in the way of other snaps', async () => {
    expect(await device.must('snap install beside')).toBe('beside 1.0 from Testrootorg** installed\n');
    expect(await device.must('snap remove --purge beside')).toBe('beside removed\n');
  });
});
