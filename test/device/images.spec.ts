import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { signAssertion, SigningKey, type Assertion } from '../../src/formats/assertion/index.js';
import { testRoot } from './support/client.js';
import type { Device } from './support/device.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';

const BRAND = 'testrootorg';

/** The least that makes a gadget bootable by GRUB (snapd: gadget/gadget.go). */
const GADGET_YAML = `volumes:
  pc:
    bootloader: grub
`;

describe('an image that is built from the store', () => {
  let lab: Lab;
  let front: Front;
  let device: Device;
  let key: SigningKey;

  beforeAll(async () => {
    key = SigningKey.fromArmored(await readFile(testRoot.rootSecretKey, 'utf8'));
    lab = await Lab.open();
    const yaml = (type: string): string =>
      `architectures: [amd64]\ntype: ${type}${type === 'gadget' ? '\nbase: core18' : ''}`;
    await lab.store.must(
      'push-snap',
      ...(await lab.snaps.essentials()),
      await lab.snaps.make('core18', 1),
      await lab.snaps.make('jq', 6),
      await lab.snaps.make('pc', 1, { yaml: yaml('gadget'), root: await gadget() }),
      await lab.snaps.make('pc-kernel', 1, { yaml: yaml('kernel'), root: await kernel() }),
    );
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('jq', 7));
    front = await Front.open(lab.store.url);
    device = await lab.device({ storeUrl: front.url });
  });

  afterAll(async () => {
    await front.close();
    await lab.close();
  });

  async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const path = join(lab.folder, name);
    for (const [file, content] of Object.entries(files)) {
      await mkdir(join(path, file, '..'), { recursive: true });
      await writeFile(join(path, file), content);
    }
    return path;
  }
  const gadget = (): Promise<string> =>
    folder('gadget', { 'meta/gadget.yaml': GADGET_YAML, 'grub.conf': '', 'grub.cfg': '' });
  const kernel = (): Promise<string> =>
    folder('kernel', { 'meta/kernel.yaml': '', 'kernel.img': 'kernel', 'initrd.img': 'initrd' });

  async function model(name: string, headers: Record<string, Assertion['headers'][string]>): Promise<string> {
    const signedAt = new Date();
    const path = join(lab.folder, `${name}.model`);
    const given = {
      series: '16',
      'authority-id': BRAND,
      'brand-id': BRAND,
      model: name,
      timestamp: signedAt.toISOString(),
    };
    await writeFile(path, signAssertion({ type: 'model', headers: { ...given, ...headers }, key, signedAt }).encoded);
    return path;
  }

  const seedOf = async (image: string): Promise<string[]> => {
    const snaps = await readdir(join(device.folder, image, 'var/lib/snapd/seed/snaps'));
    return snaps.sort();
  };

  async function expectSeeded(image: string, snaps: string[]): Promise<void> {
    expect(await seedOf(image)).toEqual(snaps);
    for (const snap of snaps) {
      const written = await readFile(join(device.folder, image, 'var/lib/snapd/seed/snaps', snap));
      expect(written.equals(await readFile(join(lab.folder, 'pairs', snap)))).toBe(true);
    }
  }

  it('has what a classic model asks for: snap prepare-image --classic', async () => {
    const path = await model('desk', {
      classic: 'true',
      architecture: 'amd64',
      'required-snaps': ['core22', 'jq'],
    });
    await device.must(`snap prepare-image --classic ${path} desk`);
    await expectSeeded('desk', ['core22_1.snap', 'jq_6.snap', 'snapd_1.snap']);
    const assertions = await readdir(join(device.folder, 'desk/var/lib/snapd/seed/assertions'));
    expect(assertions.join('\n')).toMatch(/snap-revision/);
    expect(front.requestsFor(/^\/v2\/snaps\/refresh$/).every(({ status }) => status === 200)).toBe(true);
  });

  it('has what a model of Ubuntu Core asks for, kernel and gadget included', async () => {
    const path = await model('box', {
      architecture: 'amd64',
      base: 'core18',
      gadget: 'pc',
      kernel: 'pc-kernel',
      'required-snaps': ['core22', 'jq'],
    });
    await device.must(`snap prepare-image --snap jq=edge ${path} box`);
    await expectSeeded('box/image', [
      'core18_1.snap',
      'core22_1.snap',
      'jq_7.snap',
      'pc-kernel_1.snap',
      'pc_1.snap',
      'snapd_1.snap',
    ]);
  });

  it('is refused where the store does not hold all of it, and it says which snap', async () => {
    const path = await model('more', {
      classic: 'true',
      architecture: 'amd64',
      'required-snaps': ['core22', 'absent'],
    });
    const { exitCode, stderr } = await device.run(`snap prepare-image --classic ${path} more`);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('absent');
    expect(stderr).toContain('snap not found');
  });
});
