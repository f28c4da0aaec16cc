import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { ClientSetupService } from '../../../src/modules/client-setup/index.js';
import { CertificateService } from '../../../src/modules/https/index.js';
import { RegistrationVerifier, StoreIdentityService } from '../../../src/modules/registration/index.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { type Reply, RunningStore, WAYS } from '../../support/running-store.js';
import { takenPort } from '../https/scene.js';

const ASSERTIONS = '/v2/auth/store/assertions';
const URL_OF_STORE = 'https://snaps.internal';

describe.each(WAYS)('what a device is told of its store (%s)', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    const { port, free } = await takenPort();
    await free();
    store = await RunningStore.open(way, { 'proxy.port.https': String(port) });
  });

  afterAll(() => store.close());

  async function eventually(path: string, isSo: (reply: Reply) => boolean): Promise<Reply> {
    for (;;) {
      const reply = await store.ask(path);
      if (isSo(reply)) return reply;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function register(storeId: string | null): Promise<void> {
    const { context } = store.operator;
    const verifier = context.get(RegistrationVerifier);
    const { key, accountKey } = store.authority.delegate();
    const operator = store.authority.publisher('testpublisher');
    const headers = { store: storeId ?? '', 'operator-id': 'testpublisher', url: URL_OF_STORE };
    const registration =
      storeId === null
        ? verifier.selfIssued({ url: URL_OF_STORE, keyId: null })
        : await verifier.verify({
            assertions: [store.authority.sign('store', headers, key), operator, accountKey],
            storeId,
            url: URL_OF_STORE,
            keyId: null,
            privatePem: null,
            origin: 'bundle',
          });
    await context.get(StoreIdentityService).adopt(registration);
  }

  it('is no store assertion while there is none, in the form of snapd', async () => {
    const { status, headers, json } = await store.ask(ASSERTIONS);
    expect([status, headers['content-type'], headers['x-assertion-store-id']]).toEqual([
      404,
      'application/json',
      undefined,
    ]);
    expect(json()).toMatchObject({ 'error-list': [{ code: 'resource-not-found' }] });
  });

  it('is the URL that it came by, for the environment of snapd, while nothing else is set', async () => {
    const { status, headers, body } = await store.ask('/client-config');
    expect([status, headers['content-type']]).toEqual([200, 'text/x-shellscript; charset=utf-8']);
    expect(body.toString()).toContain(`STORE_URL='http://127.0.0.1:${store.port}'\nSTORE_ID=''\n`);
    expect(body.toString()).toContain(`Environment="SNAPPY_FORCE_API_URL=http://127.0.0.1:${store.port}"`);
    expect(body.toString()).not.toContain('BEGIN CERTIFICATE');
  });

  it('never is a host that the store does not have', async () => {
    const { body } = await store.ask('/client-config', { headers: { host: "evil.example';reboot;'" } });
    expect(body.toString()).toContain(`STORE_URL='http://127.0.0.1:${store.port}'\n`);
    expect(body.toString()).not.toContain('evil');
  });

  it('is different for Ubuntu Core, and for nothing else', async () => {
    expect((await store.ask('/client-config?device=classic')).body.toString()).toContain('PROFILE=');
    expect((await store.ask('/client-config?device=core')).body.toString()).not.toContain('PROFILE=');
    const { status, json } = await store.ask('/client-config?device=phone');
    expect(status).toBe(400);
    expect(json()).toMatchObject({ 'error-list': [{ message: 'device is one of classic, core' }] });
  });

  // The lane follows what other processes change; an application that has none is told by its host (SnapStoreModule).
  const follows = way === 'lane';

  it.runIf(follows)('is the authority too, as long as the store has a certificate of its own', async () => {
    const { context } = store.operator;
    const scripts = context.get(ClientSetupService);
    const { caPem } = await context.get(CertificateService).selfSign({ domain: 'snaps.internal' });
    expect(await scripts.script('core', URL_OF_STORE)).toContain(caPem);
    await eventually('/client-config', ({ status }) => status === 301);
    await context.get(SettingsService).change(new Map([['proxy.tls.key', null]]));
    const { body } = await eventually('/client-config', ({ status }) => status === 200);
    expect(body.toString()).not.toContain('BEGIN CERTIFICATE');
  });

  it('is the store assertion behind what it needs, and the store in its script, once it is registered', async () => {
    await register('STORE1');
    const { headers, body } = await eventually(ASSERTIONS, ({ status }) => status === 200);
    expect([headers['content-type'], headers['x-assertion-store-id']]).toEqual([
      'application/x.ubuntu.assertion',
      'STORE1',
    ]);
    const stream = await decodeAssertionStream(body);
    expect(stream.map(({ type }) => type.name).at(-1)).toBe('store');
    expect(stream.map(({ type }) => type.name).sort()).toEqual(['account', 'account-key', 'store']);
    const head = await store.ask(ASSERTIONS, { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.headers['x-assertion-store-id']]).toEqual([
      200,
      String(body.length),
      'STORE1',
    ]);
    expect(head.body).toHaveLength(0);
    const script = (await store.ask('/client-config')).body.toString();
    if (follows) expect(script).toContain(`STORE_URL='${URL_OF_STORE}'\n`);
    expect(script).toContain("STORE_ID='STORE1'\n");
    expect(script).toContain(body.toString());
  });

  it('is none again once the store issues its own', async () => {
    await register(null);
    await eventually(ASSERTIONS, ({ status }) => status === 404);
    expect((await store.ask('/client-config')).body.toString()).toContain("STORE_ID=''\n");
  });
});
