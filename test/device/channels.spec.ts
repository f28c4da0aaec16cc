import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Lab } from './support/lab.js';

describe('channels, as a device sees them', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), await lab.snaps.make('jq', 6));
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('jq', 9));
    await lab.store.must('push-snap', '--channel', '2.0/candidate', await lab.snaps.make('jq', 8));
  });

  afterEach(() => lab.closeDevices());

  afterAll(() => lab.close());

  it('installs from the channel that is asked for, and then follows it', async () => {
    const device = await lab.device();
    expect(await device.must('snap install jq --edge')).toBe('jq (edge) 9.0 from Testrootorg** installed\n');
    expect((await device.installed()).jq).toMatchObject({ revision: '9', tracking: 'latest/edge' });
    expect((await device.run('snap refresh jq')).stderr).toBe('snap "jq" has no updates available\n');
  });

  it('gives a risk that was never released the next safer one, and follows the one that was asked for', async () => {
    const device = await lab.device();
    expect(await device.must('snap install jq --beta')).toBe(
      'jq 6.0 from Testrootorg** installed\n' +
        'Channel latest/beta for jq is closed; temporarily forwarding to latest/stable.\n',
    );
    expect((await device.installed()).jq).toMatchObject({ revision: '6', tracking: 'latest/beta' });
    await lab.store.must('release', 'jq', '9', 'latest/candidate');
    expect(await device.must('snap refresh jq')).toContain('jq (candidate) 9.0 from Testrootorg** refreshed\n');
    await lab.store.must('close', 'jq', 'latest/candidate');
  });

  it('goes to another channel: snap refresh --channel', async () => {
    const device = await lab.device();
    await device.must('snap install jq');
    expect(await device.must('snap refresh jq --channel=edge')).toBe('jq (edge) 9.0 from Testrootorg** refreshed\n');
    expect((await device.installed()).jq).toMatchObject({ revision: '9', tracking: 'latest/edge' });
    expect(await device.must('snap refresh jq --channel=stable')).toBe('jq 6.0 from Testrootorg** refreshed\n');
    expect((await device.installed()).jq).toMatchObject({ revision: '6', tracking: 'latest/stable' });
  });

  it('switches without refreshing: snap switch', async () => {
    const device = await lab.device();
    await device.must('snap install jq');
    expect(await device.must('snap switch jq --channel=edge')).toBe('"jq" switched to the "latest/edge" channel\n\n');
    expect((await device.installed()).jq).toMatchObject({ revision: '6', tracking: 'latest/edge' });
    expect(await device.must('snap refresh')).toBe('jq (edge) 9.0 from Testrootorg** refreshed\n');
  });

  it('keeps tracks apart, each with fallbacks of its own', async () => {
    const device = await lab.device();
    expect(await device.must('snap install jq --channel=2.0/edge')).toBe(
      'jq (2.0/candidate) 8.0 from Testrootorg** installed\n' +
        'Channel 2.0/edge for jq is closed; temporarily forwarding to 2.0/candidate.\n',
    );
    expect((await device.installed()).jq).toMatchObject({ revision: '8', tracking: '2.0/edge' });
    const refused = await device.run('snap refresh jq --channel=2.0/stable');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr.replace(/\s+/g, ' ')).toContain('snap "jq" is not available on 2.0/stable');
    const info = await device.must('snap info jq');
    expect(info).toMatch(/2\.0\/candidate: +8\.0 \S+ \(8\)/);
    expect(info).toMatch(/2\.0\/edge: +\^/);
    expect(info).toMatch(/latest\/edge: +9\.0 \S+ \(9\)/);
  });

  it('has a closed risk inherit from the safer one', async () => {
    await lab.store.must('push-snap', '--channel', 'latest/stable', await lab.snaps.make('closing', 1));
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('closing', 2));
    const device = await lab.device();
    await device.must('snap install closing --edge');
    await lab.store.must('close', 'closing', 'latest/edge');
    expect(await device.must('snap info closing')).toMatch(/latest\/edge: +\^/);
    expect(await device.must('snap refresh closing')).toBe(
      'closing 1.0 from Testrootorg** refreshed\n' +
        'Channel latest/edge for closing is closed; temporarily forwarding to latest/stable.\n',
    );
    expect((await device.installed()).closing).toMatchObject({ revision: '1', tracking: 'latest/edge' });
  });

  it('names the channels that are open when the one that is asked for is closed', async () => {
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('only-edge', 1));
    await lab.store.must('push-snap', '--channel', 'latest/stable', await lab.snaps.make('only-edge', 2));
    await lab.store.must('close', 'only-edge', 'latest/stable');
    const device = await lab.device();
    const { exitCode, stderr } = await device.run('snap install only-edge');
    expect(exitCode).toBe(1);
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      'snap "only-edge" is not available on stable but is available to install on the following channels: edge',
    );
    expect(await device.must('snap install only-edge --edge')).toContain('installed');
  });

  it('follows each of two instances of a snap by itself', async () => {
    const device = await lab.device();
    await device.must('snap set system experimental.parallel-instances=true');
    await device.must('snap install jq_one');
    await device.must('snap install jq_two --edge');
    await device.must('snap install jq');
    await lab.store.must('push-snap', '--channel', 'latest/stable', await lab.snaps.make('jq', 7));
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('jq', 10));
    await device.must('snap refresh');
    expect(await device.installed()).toMatchObject({
      jq: { revision: '7', tracking: 'latest/stable' },
      jq_one: { revision: '7', tracking: 'latest/stable' },
      jq_two: { revision: '10', tracking: 'latest/edge' },
    });
  });
});
