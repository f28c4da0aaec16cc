import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';

/** Before, the device lived where there was more than has been carried across the gap so far. */
describe('a device that comes from another store', () => {
  let before: Lab;
  let lab: Lab;
  let front: Front;
  let device: Device;

  beforeAll(async () => {
    before = await Lab.open();
    lab = await Lab.open();
    const essentials = await before.snaps.essentials();
    const there = [
      await before.snaps.make('jq', 9),
      await before.snaps.make('elsewhere', 1),
      await before.snaps.make('other', 1),
    ];
    await before.store.must('push-snap', ...essentials, ...there);
    front = await Front.open(before.store.url);
    device = await lab.device({ storeUrl: front.url });
    await device.must('snap install jq elsewhere other');

    const carried = [await before.snaps.make('jq', 7), await before.snaps.make('other', 2)];
    await lab.store.must('push-snap', ...essentials, ...carried);
    front.pointAt(lab.store.url);
  });

  afterAll(async () => {
    await front.close();
    await lab.close();
    await before.close();
  });

  it('is offered what is new, and nothing else', async () => {
    const offered = await device.must('snap refresh --list');
    expect(offered).toMatch(/^other +2\.0 +2 /m);
    expect(offered).not.toMatch(/^(jq|elsewhere|core22|snapd) /m);
  });

  it('is refreshed where there is something new, kept where it is ahead, and left alone where the snap is unknown', async () => {
    expect(await device.must('snap refresh')).toBe('other 2.0 from Testrootorg** refreshed\n');
    expect(await device.installed()).toMatchObject({
      jq: { revision: '9' },
      elsewhere: { revision: '1' },
      other: { revision: '2' },
    });
  });

  it('is told so when it asks for one of them', async () => {
    const ahead = await device.run('snap refresh jq');
    expect([ahead.exitCode, ahead.stderr]).toEqual([0, 'snap "jq" has no updates available\n']);
    const unknown = await device.run('snap refresh elsewhere');
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, 'error: snap "elsewhere" not found\n']);
  });

  it('installs further snaps beside the unknown one', async () => {
    await lab.store.must('push-snap', await lab.snaps.make('further', 1));
    expect(await device.must('snap install further')).toBe('further 1.0 from Testrootorg** installed\n');
  });

  it('goes back where it is asked to', async () => {
    expect(await device.must('snap refresh jq --revision=7')).toBe('jq 7.0 from Testrootorg** refreshed\n');
  });

  it('follows an operator who takes back a release', async () => {
    await lab.store.must('push-snap', await before.snaps.make('other', 3));
    expect(await device.must('snap refresh')).toBe('other 3.0 from Testrootorg** refreshed\n');
    await lab.store.must('release', 'other', '2', 'latest/stable');
    expect(await device.must('snap refresh')).toBe('other 2.0 from Testrootorg** refreshed\n');
  });

  it('goes on from there once the store has caught up', async () => {
    await lab.store.must('push-snap', await before.snaps.make('jq', 10));
    expect(await device.must('snap refresh jq')).toBe('jq 10.0 from Testrootorg** refreshed\n');
  });
});
