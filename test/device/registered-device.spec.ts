import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { DeviceService } from './support/device-service.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';

const REGISTRATION_DEADLINE_MS = 60_000;

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
});
