import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { DeviceService } from './support/device-service.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';

const REGISTRATION_DEADLINE_MS = 60_000;
const REFRESH_DEADLINE_MS = 60_000;
const LONG_AGO = '2020-01-01T00:00:00Z';

describe('a device with a serial that is told of its store by proxy.store', () => {
  let lab: Lab;
  let front: Front;
  let device: Device;

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), await lab.snaps.make('jq', 6));
    front = await Front.open(lab.store.url);
    const service = await DeviceService.open();
    front.intercept = service.intercept;
    device = await lab.device({ storeUrl: null, seed: await service.writeSeed(lab.folder) });
    await device.must(`snap ack ${await service.writeStoreAssertion(lab.folder, 'LABSTORE', front.url)}`);
    await device.must('snap wait system seed.loaded');
    await device.must('snap set core proxy.store=LABSTORE');
    // A device that could not register waits for minutes before it tries again, unless it starts anew.
    await device.must('kill $(pidof snapd)');
    await registered();
  });

  afterAll(async () => {
    await front.close();
    await lab.close();
  });

  async function registered(): Promise<void> {
    const deadline = Date.now() + REGISTRATION_DEADLINE_MS;
    while ((await device.run('snap known serial')).stdout === '') {
      if (Date.now() > deadline) throw new Error(`The device got no serial:\n${await device.daemonLog()}`);
      await sleep(200);
    }
  }

  it('has a serial', async () => {
    expect(await device.must('snap known serial')).toContain('serial: lab-device-1\n');
  });

  it('is given a session before its first request, and installs', async () => {
    expect(await device.must('snap install jq')).toBe('jq 6.0 from Testrootorg** installed\n');
    expect(front.requestsFor(/auth\/nonces$/)).toMatchObject([{ method: 'POST', status: 200 }]);
    expect(front.requestsFor(/auth\/sessions$/)).toMatchObject([{ method: 'POST', status: 200 }]);
  });

  it('sends its session with every request from then on, unchanged', () => {
    const sent = front.requestsFor(/^\/v2\/snaps\/refresh$/).map(({ headers }) => headers['snap-device-authorization']);
    expect(sent.length).toBeGreaterThan(0);
    expect(new Set(sent).size).toBe(1);
    expect(sent[0]).toMatch(/^Macaroon root="[^"]+"$/);
  });

  it('hears that the assertion of the store which its model names is not there, and goes on', () => {
    const asked = front.requestsFor(/^\/v2\/assertions\/store\/lab-store/);
    expect(asked.length).toBeGreaterThan(0);
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([404]));
  });

  it('keeps its session across a restart of the store', async () => {
    await lab.store.stop();
    await lab.store.start();
    await lab.store.must('push-snap', await lab.snaps.make('jq', 7));
    expect(await device.must('snap refresh')).toBe('jq 7.0 from Testrootorg** refreshed\n');
    expect(front.requestsFor(/auth\/sessions$/)).toHaveLength(1);
  });

  const sessions = () => front.requestsFor(/auth\/sessions$/);

  it('is known to the store by its serial', async () => {
    expect(await lab.store.must('devices', 'list')).toMatch(/^testrootorg\/lab\/lab-device-1 .* 1$/m);
  });

  it('keeps its session when the store begins to require one', async () => {
    await lab.store.must('config', 'proxy.device-auth.policy=required');
    await lab.store.must('push-snap', await lab.snaps.make('jq', 8), await lab.snaps.make('ours', 1));
    expect(await device.must('snap refresh')).toBe('jq 8.0 from Testrootorg** refreshed\n');
    expect(await device.must('snap info ours')).toContain('latest/stable:    1.0');
    expect(sessions()).toHaveLength(1);
  });

  it('asks for another by itself when its session is over, and sends the old one along', async () => {
    await lab.store.must('config', 'proxy.device-auth.secret=another-secret-of-this-store');
    await lab.store.must('push-snap', await lab.snaps.make('jq', 9));
    expect(await device.must('snap refresh')).toBe('jq 9.0 from Testrootorg** refreshed\n');
    expect(sessions().map(({ status }) => status)).toEqual([200, 200]);
    expect(sessions()[1]?.headers['x-device-authorization']).toMatch(/^Macaroon root="[^"]+"$/);
  });

  it('has what is kept for its model, and not what is kept for others', async () => {
    await lab.store.must('restrict', 'ours', '--brand', 'another-brand');
    const refused = await device.run('snap install ours');
    expect([refused.exitCode, refused.stderr]).toEqual([1, 'error: snap "ours" not found\n']);
    await lab.store.must('restrict', 'ours', '--brand', 'testrootorg', '--model', 'lab');
    expect(await device.must('snap install ours')).toBe('ours 1.0 from Testrootorg** installed\n');
  });

  it('is told so once it is revoked, and served again once that is forgotten', async () => {
    await lab.store.must('push-snap', await lab.snaps.make('jq', 10));
    await lab.store.must('devices', 'revoke', 'testrootorg/lab/lab-device-1');
    const refused = await device.run('snap refresh jq');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/status 403 .*has revoked the device testrootorg\/lab\/lab-device-1/s);
    await lab.store.must('devices', 'forget', 'testrootorg/lab/lab-device-1');
    expect(await device.must('snap refresh jq')).toBe('jq 10.0 from Testrootorg** refreshed\n');
  });

  it('is alone in that: a device without a serial is told that it lacks one, and reaches what is for everybody', async () => {
    const unregistered = await lab.device();
    const refused = await unregistered.run('snap install jq');
    expect([refused.exitCode, refused.stderr]).toEqual([1, 'error: cannot install "jq": no device serial yet\n']);
    expect(await unregistered.must('snap known --remote account account-id=testrootorg')).toContain('type: account\n');
    await lab.store.must('push-snap', await lab.snaps.make('core', 1));
    expect(await unregistered.must('snap debug connectivity')).toContain('PASS');
  });

  it('refreshes when it is left to itself, and says so', async () => {
    await lab.store.must('push-snap', await lab.snaps.make('jq', 11));
    front.seen.length = 0;
    // A device that looked for something new long ago does so as soon as it starts; a new one would wait for two hours.
    const state = '/var/lib/snapd/state.json';
    const edit = `
      const { readFileSync, writeFileSync } = require("fs");
      const state = JSON.parse(readFileSync("${state}", "utf8"));
      delete state.data.config.core.refresh;
      Object.assign(state.data, { "last-refresh": "${LONG_AGO}", "seed-time": "${LONG_AGO}" });
      writeFileSync("${state}", JSON.stringify(state));`;
    await device.must(`kill -STOP $(pidof snapd); '${process.execPath}' -e '${edit}'; kill -KILL $(pidof snapd)`);
    const deadline = Date.now() + REFRESH_DEADLINE_MS;
    while ((await device.installed()).jq?.revision !== '11') {
      if (Date.now() > deadline) throw new Error(`The device does not refresh:\n${await device.daemonLog()}`);
      await sleep(500);
    }
    const reasons = front.requestsFor(/^\/v2\/snaps\/refresh$/).map(({ headers }) => headers['snap-refresh-reason']);
    expect(reasons).toContain('scheduled');
    expect(front.downloads).toMatchObject([{ headers: { 'snap-refresh-reason': 'scheduled' }, status: 200 }]);
  });
});
