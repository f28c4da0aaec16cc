import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SoftHsm } from '../support/soft-hsm.js';
import type { Device } from './support/device.js';
import { DeviceService } from './support/device-service.js';
import { Lab } from './support/lab.js';
import { OwnBrand } from './support/own-brand.js';

const DEADLINE_MS = 60_000;

/** What is left of a registration to be seen on the device, waited for. */
async function eventually(device: Device, command: string, isThere: (shown: string) => boolean): Promise<string> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const { stdout } = await device.run(command);
    if (isThere(stdout)) return stdout;
    if (Date.now() > deadline) throw new Error(`It does not come to that:\n${stdout}\n${await device.daemonLog()}`);
    await sleep(200);
  }
}

describe.each(['software', 'token'] as const)("a device of a brand's own model, its serials signed by %s", (place) => {
  let hsm: SoftHsm | null = null;
  let lab: Lab;
  let brand: OwnBrand;
  let keyId: string;

  beforeAll(async () => {
    if (place === 'token') {
      hsm = await SoftHsm.create();
      Object.assign(process.env, hsm.environment);
    }
    lab = await Lab.open(Object.entries(hsm?.settings ?? {}).map(([key, value]) => `${key}=${value}`));
    brand = await OwnBrand.open();
  });

  afterAll(async () => {
    await lab.close();
    await hsm?.destroy();
  });

  async function send(model: string): Promise<Device> {
    const device = await lab.device({ storeUrl: null, seed: await brand.writeSeed(lab.folder, model) });
    const service = await DeviceService.open();
    await device.must(`snap ack ${await service.writeStoreAssertion(lab.folder, 'ACMESTORE', lab.store.url)}`);
    await device.must('snap wait system seed.loaded');
    await device.must('snap set core proxy.store=ACMESTORE');
    // A device that could not register waits for minutes before it tries again, unless it starts anew.
    await device.must('kill $(pidof snapd)');
    return device;
  }

  it('is served once an operator has said who signs', async () => {
    const made = await lab.store.must('create', 'key', 'serials', '--brand', brand.id);
    expect(made).toBe("Signing key 'serials' created.\n");
    const { keys } = JSON.parse(await lab.store.must('list', 'keys', '--format', 'json')) as {
      keys: { id: string; token: string | null; publicPem: string }[];
    };
    expect(keys.map(({ token }) => token)).toEqual([place === 'token' ? SoftHsm.LABEL : null]);
    keyId = keys[0]!.id;
    await lab.store.must('push-account-keys', await brand.vouchFor(keys[0]!.publicPem, lab.folder));
    expect(await lab.store.must('create', 'model', 'lab', '--no-api-key')).toBe("Model 'lab' created.\n");
    const policy = await lab.store.must('create', 'serial-policy', '--model', 'lab', '--key', 'serials');
    expect(policy).toBe(`Model 'lab' configured to sign serials with key '${keyId}'.\n`);
  });

  it('gets its serial from the store, with the key that proves it', async () => {
    const device = await send('lab');
    const serial = await eventually(device, 'snap known serial', (shown) => shown !== '');
    expect(serial).toContain('authority-id: acme\n');
    expect(serial).toContain(`sign-key-sha3-384: ${keyId}\n`);
    expect(await device.must(`snap known account-key public-key-sha3-384=${keyId}`)).toContain('name: serials\n');
    const given = /^serial: (.*)$/m.exec(serial)![1]!;
    expect(await lab.store.must('serials', 'list')).toMatch(new RegExp(`^lab +${given} +given `, 'm'));
  });

  // Who would have signed it makes no difference.
  if (place === 'software') {
    it('is told why where its model is not served', async () => {
      const device = await send('other');
      const changes = await eventually(device, 'snap changes', (shown) => /Error .*Initialize device/.test(shown));
      const [, change] = /^(\d+) +Error .*Initialize device/m.exec(changes)!;
      expect(await device.must(`snap change ${change!}`)).toContain(
        'this store gives no serials to devices of acme/other',
      );
      const asked = (await device.daemonLog()).match(/cannot deliver device serial request/g) ?? [];
      expect(asked.length).toBeLessThanOrEqual(2);
    });
  }
});
