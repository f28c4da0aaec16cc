import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { decodeAssertionStream } from '../../src/formats/assertion/index.js';
import { encodeRegistrationBundle } from '../../src/formats/registration-bundle/index.js';
import { makeChain } from '../support/certificates.js';
import type { Device } from './support/device.js';
import { DeviceService } from './support/device-service.js';
import { Lab } from './support/lab.js';
import { freePort } from './support/store-process.js';

const INSTALLED = 'jq 6.0 from Testrootorg** installed\n';

describe('a device and a store that speak HTTPS', () => {
  let lab: Lab;
  let port: number;
  let ca: string;

  beforeAll(async () => {
    port = await freePort();
    lab = await Lab.open([`proxy.port.https=${port}`, 'proxy.domain=localhost']);
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), await lab.snaps.make('jq', 6));
    ca = join(lab.folder, 'store-ca.pem');
    await selfSign();
  });

  afterEach(() => lab.closeDevices());
  afterAll(() => lab.close());

  async function selfSign(): Promise<void> {
    await writeFile(ca, await lab.store.must('import-certificate', '--selfsigned'));
  }

  const trust = (device: Device): Promise<string> => device.must(`snap set system store-certs.lab="$(cat ${ca})"`);

  it('part where the device does not know who vouches for the store', async () => {
    const device = await lab.device({ storeUrl: `https://localhost:${port}` });
    expect((await device.run('snap info jq')).exitCode).toBe(1);
    expect(await device.run('snap install jq')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('x509: certificate signed by unknown authority') as string,
    });
  });

  it.each(['localhost', '127.0.0.1'])(
    'come together once the device trusts what --selfsigned prints, by %s',
    async (host) => {
      const device = await lab.device({ storeUrl: `https://${host}:${port}` });
      await trust(device);
      expect(await device.must('snap info jq')).toContain('name:      jq');
      expect(await device.must('snap install jq')).toBe(INSTALLED);
      await device.must('snap download jq');
    },
  );

  it('come together by the HTTP port as well, which leads to the other', async () => {
    const device = await lab.device();
    await trust(device);
    expect(await device.must('snap info jq')).toContain('name:      jq');
    expect(await device.must('snap install jq')).toBe(INSTALLED);
  });

  it('stay together when the certificate is made anew while the store runs', async () => {
    const before = await readFile(ca, 'utf8');
    const device = await lab.device({ storeUrl: `https://localhost:${port}` });
    await trust(device);
    await selfSign();
    expect(await readFile(ca, 'utf8')).toBe(before);
    expect(await device.must('snap install jq')).toBe(INSTALLED);
  });

  it("come together by the script of a store that has no store assertion, and part by the same script's undo", async () => {
    const script = join(lab.folder, 'store-client.sh');
    await writeFile(script, await lab.store.must('client-config'));
    const device = await lab.device({ storeUrl: null });
    const first = await device.must(`sh ${script}`);
    expect(first).toContain('snapd starts anew with the changed environment');
    expect(await device.must('snap install jq')).toBe(INSTALLED);
    expect(await device.must('. /etc/profile.d/snap-store-proxy.sh && snap download jq')).toContain('jq_6.assert');
    const pid = await device.must('pidof snapd');
    expect(await device.must(`sh ${script}`)).toBe(
      `client-config: this device uses the store at https://localhost:${port}\n`,
    );
    expect(await device.must('pidof snapd')).toBe(pid);
    await device.must(`sh ${script} undo`);
    expect(
      await device.must('ls /etc/profile.d /etc/systemd/system/snapd.service.d /var/lib/snapd/ssl/store-certs'),
    ).not.toContain('snap-store-proxy');
    expect(await device.must("tr '\\0' '\\n' </proc/$(pidof snapd)/environ")).not.toContain('SNAPPY_FORCE_API_URL');
    await device.must(`sh ${script} undo`);
  });

  it("come together by a certificate of the operator's own authority, whose pieces came in any order", async () => {
    const chain = await makeChain({ name: 'localhost', dns: ['localhost'], kind: 'rsa' });
    const pem = chain.intermediate.pem + chain.leaf.keyPem + chain.leaf.pem;
    const taken = await lab.store.commandWith(pem, 'import-certificate');
    expect(taken).toMatchObject({ exitCode: 0 });
    await writeFile(ca, chain.root.pem);
    const device = await lab.device({ storeUrl: `https://localhost:${port}` });
    await trust(device);
    expect(await device.must('snap install jq')).toBe(INSTALLED);
  });
});

describe('a device and a store that has a store assertion, over HTTPS', () => {
  let lab: Lab;
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    url = `https://localhost:${port}`;
    lab = await Lab.open([`proxy.port.https=${port}`, 'proxy.domain=localhost']);
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), await lab.snaps.make('jq', 6));
    await lab.store.must('import-certificate', '--selfsigned');
    await lab.store.stop();
    const assertion = await (await DeviceService.open()).writeStoreAssertion(lab.folder, 'LABSTORE', url);
    const bundle = encodeRegistrationBundle({
      domain: 'localhost',
      url,
      storeId: 'LABSTORE',
      privateKey: null,
      publicKeyPem: null,
      assertions: await decodeAssertionStream(await readFile(assertion)),
      certificate: null,
      signerPem: null,
    });
    await mkdir(join(lab.store.dataDir, 'registration'), { recursive: true });
    await writeFile(join(lab.store.dataDir, 'registration/registration_bundle.b64'), bundle);
    await lab.store.start();
  });

  afterAll(() => lab.close());

  it.each(['classic', 'core'])(
    'come together by the script for %s, which the store gives, and part by its undo',
    async (kind) => {
      const device = await lab.device({ storeUrl: null });
      await device.must(`curl -sSLk -o client.sh "${url}/client-config?device=${kind}"`);
      expect(await device.must('sh client.sh')).toContain('snapd uses the store LABSTORE');
      expect(await device.must('snap get system proxy.store')).toBe('LABSTORE\n');
      expect(await device.must('snap known store')).toContain(`url: ${url}\n`);
      expect(await device.must('snap install jq')).toBe(INSTALLED);
      expect(await device.must('sh client.sh')).toBe(`client-config: this device uses the store at ${url}\n`);
      await device.must('sh client.sh undo');
      expect((await device.run('snap get system proxy.store')).exitCode).toBe(1);
      expect(await device.must('ls /var/lib/snapd/ssl/store-certs')).toBe('');
    },
  );

  it('come together as operators of the incumbent are used to', async () => {
    const device = await lab.device({ storeUrl: null });
    const { stdout: head } = await device.run(`curl -sSkI ${url}/v2/auth/store/assertions`);
    expect(head).toMatch(/^x-assertion-store-id: LABSTORE\r$/im);
    await device.must(`curl -sLk ${url}/v2/auth/store/assertions | snap ack /dev/stdin`);
    const authority = `curl -sLk ${url}/client-config | sed -n '/^-----BEGIN/,/^-----END/p'`;
    await device.must(`snap set system store-certs.lab="$(${authority})"`);
    await device.must('snap set core proxy.store=LABSTORE');
    expect(await device.must('snap install jq')).toBe(INSTALLED);
    await device.must("snap set core proxy.store=''");
  });
});
