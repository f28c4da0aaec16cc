import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AssertionService } from '../../../src/modules/assertions/index.js';
import { DeviceName, DeviceService } from '../../../src/modules/devices/index.js';
import { mintNonce, NONCE_LIFETIME_MS } from '../../../src/modules/devices/sessions/nonce.js';
import { SessionKeySource } from '../../../src/modules/devices/sessions/session-keys.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { TestBrand } from '../../support/brand.js';
import { type Reply, RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';
import { newTestKey, type SessionRequestBody, TestDevice } from '../../support/test-device.js';

const AGENT = 'snapd/2.57.6 (series 16; classic) debian/12 (amd64)';
const MINUTE_MS = 60_000;
const otherKey = newTestKey();
const POLICIES = ['open', 'required'] as const;

/** A store, a brand that it knows and one that it does not, and what devices of them ask it. */
class Scene {
  readonly brand: TestBrand;
  readonly stranger: TestBrand;

  constructor(readonly store: RunningStore) {
    this.brand = TestBrand.under(store.authority, 'acme');
    this.stranger = TestBrand.under(store.authority, 'stranger');
  }

  readonly nonce = async (): Promise<string> => {
    const { status, headers, json } = await this.store.ask('/api/v1/snaps/auth/nonces', { method: 'POST' });
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    return (json() as { nonce: string }).nonce;
  };

  request(body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.store.ask('/api/v1/snaps/auth/sessions', {
      method: 'POST',
      body: text,
      headers: { 'user-agent': AGENT, ...headers },
    });
  }

  async session(device: TestDevice): Promise<string> {
    const { status, json } = await this.request(device.sessionRequest(await this.nonce()));
    expect(status).toBe(200);
    return (json() as { macaroon: string }).macaroon;
  }

  info(authorization: Record<string, string> = {}): Promise<Reply> {
    return this.store.ask('/v2/snaps/info/jq', { headers: { ...authorization } });
  }

  get devices(): DeviceService {
    return this.store.operator.context.get(DeviceService);
  }
}

const v2 = (token: string) => ({ 'snap-device-authorization': `Macaroon root="${token}"` });
const v1 = (token: string) => ({ 'x-device-authorization': `Macaroon root="${token}"` });

async function openScene(way: (typeof WAYS)[number], policy: (typeof POLICIES)[number]): Promise<Scene> {
  const scene = new Scene(await RunningStore.open(way, { 'proxy.device-auth.policy': policy }));
  await scene.store.operator.context.get(AssertionService).add(scene.brand.assertions);
  await scene.store.push(scene.store.authority.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6 }));
  return scene;
}

describe.each(WAYS)('sessions, by the %s', (way) => {
  // What is refused does not depend on who listens: the controllers show it once.
  const policies = way === 'lane' ? POLICIES : (['required'] as const);
  describe.each(policies)('where the policy is "%s"', (policy) => {
    let scene: Scene;

    beforeAll(async () => {
      scene = await openScene(way, policy);
    });

    afterAll(() => scene.store.close());

    it('are given to a device that proves who it is', async () => {
      const device = new TestDevice(scene.brand, 'till', 'first');
      const reply = await scene.request(device.sessionRequest(await scene.nonce()));
      expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
      const { macaroon } = reply.json() as { macaroon: string };
      expect(macaroon).toMatch(/^[\w-]{40,}$/);
      for (const header of [v2(macaroon), v1(macaroon)]) expect((await scene.info(header)).status).toBe(200);
    });

    it('leave behind who the device is, and what it says of itself', async () => {
      const device = new TestDevice(scene.brand, 'till', 'known');
      await scene.session(device);
      const reply = await scene.request(device.sessionRequest(await scene.nonce()), {
        'user-agent': `snapd/2.77 \u00e9${'x'.repeat(300)}`,
        'x-device-authorization': 'Macaroon root="of-another-store"',
      });
      expect(reply.status).toBe(200);
      const known = await scene.devices.show(DeviceName.parse(device.name));
      expect(known).toMatchObject({ keyId: device.key.id, authorityId: 'acme', sessions: 2, revokedAt: null });
      expect(known.userAgent).toMatch(/^snapd\/2\.77 x+$/);
      expect(known.userAgent).toHaveLength(200);
    });

    it.each<[string, (scene: Scene) => Promise<unknown>, number, RegExp]>([
      [
        'is signed by another key than the device has',
        async ({ brand, nonce }) => {
          const device = new TestDevice(brand, 'till', 'forged');
          return device.sessionRequest(await nonce(), { key: otherKey });
        },
        401,
        /not signed by the device's key/,
      ],
      [
        'was changed after it was signed',
        async ({ brand, nonce }) => {
          const one = await nonce();
          const body = new TestDevice(brand, 'till', 'changed').sessionRequest(one);
          const request = body['device-session-request'].replace(one, await nonce());
          return { ...body, 'device-session-request': request };
        },
        401,
        /bad signature/,
      ],
      [
        'comes with a serial that was changed after it was signed',
        async ({ brand, nonce }) => {
          const device = new TestDevice(brand, 'till', 'changed');
          const body = device.sessionRequest(await nonce());
          return { ...body, 'serial-assertion': body['serial-assertion'].replace('2026-01-01', '2026-01-02') };
        },
        401,
        /bad signature/,
      ],
      [
        'comes with the serial of another device',
        async ({ brand, nonce }) => ({
          ...new TestDevice(brand, 'till', 'one').sessionRequest(await nonce()),
          'serial-assertion': new TestDevice(brand, 'till', 'two').serial.encoded.toString(),
        }),
        401,
        /for another serial/,
      ],
      [
        'comes with the model of other devices',
        async ({ brand, nonce }) => ({
          ...new TestDevice(brand, 'till', 'one').sessionRequest(await nonce()),
          'model-assertion': new TestDevice(brand, 'robot', 'one').model.encoded.toString(),
        }),
        401,
        /the model .* differ/,
      ],
      [
        "has a nonce that is not this store's",
        ({ brand }) =>
          Promise.resolve(new TestDevice(brand, 'till', 'x').sessionRequest(mintNonce(Buffer.alloc(32), new Date()))),
        401,
        /not one of this store/,
      ],
      [
        'has a nonce whose time is over',
        async ({ brand, store }) => {
          const keys = await store.operator.context.get(SessionKeySource).current();
          const old = mintNonce(keys.nonces, new Date(Date.now() - NONCE_LIFETIME_MS));
          return new TestDevice(brand, 'till', 'x').sessionRequest(old);
        },
        401,
        /its time is over/,
      ],
      ['is no JSON', () => Promise.resolve('{'), 400, /not JSON/],
      ['is no object', () => Promise.resolve('[]'), 400, /text "device-session-request"/],
      ['is null', () => Promise.resolve('null'), 400, /a JSON object/],
      [
        'has no serial',
        async ({ brand, nonce }) => ({
          ...new TestDevice(brand, 'till', 'x').sessionRequest(await nonce()),
          'serial-assertion': 1,
        }),
        400,
        /text "serial-assertion"/,
      ],
      [
        'has something else for a serial',
        async ({ brand, nonce }) => {
          const body = new TestDevice(brand, 'till', 'x').sessionRequest(await nonce());
          return { ...body, 'serial-assertion': body['model-assertion'] };
        },
        400,
        /no serial assertion/,
      ],
      [
        'has no assertions',
        () => Promise.resolve({ 'device-session-request': 'a', 'serial-assertion': 'b', 'model-assertion': 'c' }),
        400,
        /is no assertion/,
      ],
      ['is too large', () => Promise.resolve(`"${'x'.repeat(256 * 1024)}"`), 413, /262144 bytes/],
    ])('are refused to a request that %s', async (_, make, status, why) => {
      const reply = await scene.request(await make(scene));
      expect([reply.status, reply.headers['content-type']]).toEqual([status, 'application/json']);
      expect(reply.headers['www-authenticate']).toBeUndefined();
      const [error] = (reply.json() as { 'error-list': { message: string }[] })['error-list'];
      expect(error?.message).toMatch(why);
      // What is refused leaves nothing.
      expect((await scene.devices.list({}, 100)).devices.map(({ serial }) => serial)).toEqual(['known', 'first']);
    });

    it('are given once for a nonce', async () => {
      const body = new TestDevice(scene.brand, 'till', 'replayed').sessionRequest(await scene.nonce());
      expect((await scene.request(body)).status).toBe(200);
      const again = await scene.request(body);
      expect(again.status).toBe(401);
      expect(again.body.toString()).toMatch(/has been used already/);
    });

    it('are given once for a nonce also to those who ask at the same time', async () => {
      const body = new TestDevice(scene.brand, 'till', 'racing').sessionRequest(await scene.nonce());
      const replies = await Promise.all(Array.from({ length: 8 }, () => scene.request(body)));
      expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
    });

    it('are no use any more once the device is revoked, and it gets no other, under whatever serial', async () => {
      const device = new TestDevice(scene.brand, 'till', 'lost', newTestKey());
      const token = await scene.session(device);
      expect((await scene.info(v2(token))).status).toBe(200);
      const name = DeviceName.parse(device.name);
      expect((await scene.devices.revoke(name)).revokedAt).not.toBeNull();
      await expect.poll(async () => (await scene.info(v2(token))).status, { timeout: 5_000 }).toBe(401);
      expect((await scene.info(v2(token))).headers['www-authenticate']).toBe('Macaroon refresh_device_session=1');
      const refused = await scene.request(device.sessionRequest(await scene.nonce()));
      expect([refused.status, refused.body.toString()]).toEqual([
        403,
        expect.stringContaining(`revoked the device acme/till/lost`),
      ]);
      const renamed = scene.brand.sign('serial', {
        'brand-id': 'acme',
        model: 'till',
        serial: 'found',
        'device-key': device.key.publicKey.encode(),
        'device-key-sha3-384': device.key.id,
      });
      const request: SessionRequestBody = {
        ...device.sessionRequest(await scene.nonce()),
        'serial-assertion': renamed.encoded.toString(),
      };
      const mixed = await scene.request(request);
      expect(mixed.status).toBe(401);
      Object.defineProperty(device, 'serial', { value: renamed });
      expect((await scene.request(device.sessionRequest(await scene.nonce()))).status).toBe(403);
      await scene.devices.forget(name);
      expect((await scene.request(device.sessionRequest(await scene.nonce()))).status).toBe(200);
      await expect.poll(async () => (await scene.info(v2(token))).status, { timeout: 5_000 }).toBe(200);
    });
  });

  describe('where the policy is "open"', () => {
    let scene: Scene;

    beforeAll(async () => {
      scene = await openScene(way, 'open');
    });

    afterAll(() => scene.store.close());

    it.each<[string, (scene: Scene, nonce: string) => SessionRequestBody]>([
      [
        'whose brand nobody here knows',
        ({ stranger }, nonce) => new TestDevice(stranger, 'till', '1').sessionRequest(nonce),
      ],
      [
        'whose serial another key has signed than the brand has',
        ({ brand, stranger }, nonce) => {
          const device = new TestDevice(brand, 'till', '1');
          const foreign = device.serialBy(stranger.key).encoded.toString();
          return { ...device.sessionRequest(nonce), 'serial-assertion': foreign };
        },
      ],
      [
        'whose clock is wrong by years',
        ({ brand }, nonce) =>
          new TestDevice(brand, 'till', '1').sessionRequest(nonce, { at: new Date('2020-06-01T00:00:00Z') }),
      ],
      [
        'whose serial is longer than any',
        ({ brand }, nonce) => new TestDevice(brand, 'till', '1'.repeat(3_000)).sessionRequest(nonce),
      ],
    ])('serve a device as well %s, and do not list it', async (_, make) => {
      const reply = await scene.request(make(scene, await scene.nonce()));
      expect(reply.status).toBe(200);
      const { macaroon } = reply.json() as { macaroon: string };
      expect((await scene.info(v2(macaroon))).status).toBe(200);
      expect((await scene.devices.list({}, 10)).devices).toEqual([]);
    });

    it.each([
      ['none', {}],
      ['one of another store', v2('AgEFc3RvcmU')],
      ['one that is none', { 'snap-device-authorization': 'Bearer x' }],
      ['an empty one', { 'snap-device-authorization': '' }],
    ])('ask nothing of a device that sends %s', async (_, headers) => {
      expect((await scene.info(headers)).status).toBe(200);
    });
  });

  describe('where the policy is "required"', () => {
    let scene: Scene;
    let token: string;

    beforeAll(async () => {
      scene = await openScene(way, 'required');
      token = await scene.session(new TestDevice(scene.brand, 'till', '1'));
      await scene.store.push(scene.store.authority.snap({ name: 'snapd', snapId: testSnapId('snapd'), revision: 1 }));
    });

    afterAll(() => scene.store.close());

    it.each<[string, (scene: Scene, nonce: string) => SessionRequestBody, RegExp]>([
      [
        'whose brand nobody here knows',
        ({ stranger }, nonce) => new TestDevice(stranger, 'till', '1').sessionRequest(nonce),
        /no verified account-key/,
      ],
      [
        'whose serial another key has signed than the brand has',
        ({ brand, stranger }, nonce) => {
          const device = new TestDevice(brand, 'till', '1');
          const foreign = device.serialBy(stranger.key).encoded.toString();
          return { ...device.sessionRequest(nonce), 'serial-assertion': foreign };
        },
        /no verified account-key/,
      ],
      [
        'whose clock is too far behind',
        ({ brand }, nonce) =>
          new TestDevice(brand, 'till', '1').sessionRequest(nonce, { at: new Date(Date.now() - 1441 * MINUTE_MS) }),
        /more than 1440 minutes off/,
      ],
      [
        'whose clock is too far ahead',
        ({ brand }, nonce) =>
          new TestDevice(brand, 'till', '1').sessionRequest(nonce, { at: new Date(Date.now() + 1441 * MINUTE_MS) }),
        /more than 1440 minutes off/,
      ],
      [
        'whose serial is longer than any',
        ({ brand }, nonce) => new TestDevice(brand, 'till', '1'.repeat(3_000)).sessionRequest(nonce),
        /up to 300 bytes/,
      ],
    ])('are refused to a device %s', async (_, make, why) => {
      const reply = await scene.request(make(scene, await scene.nonce()));
      expect(reply.status).toBe(401);
      expect(reply.body.toString()).toMatch(why);
      expect((await scene.devices.list({}, 10)).count).toBe(1);
    });

    it('are refused to a device whose serial this store has given out and taken back', async () => {
      const device = new TestDevice(scene.brand, 'till', 'taken-back');
      expect((await scene.request(device.sessionRequest(await scene.nonce()))).status).toBe(200);
      await scene.store.operator.query(
        `INSERT INTO snap_store.issued_serial
           (brand_id, model, serial, device_key_id, policy_revision, key_id, assertion, request, issued_at, asked_at, revoked_at)
         VALUES ('acme', 'till', 'taken-back', 'd', 1, 'k', '', '', now(), now(), now())`,
      );
      const reply = await scene.request(device.sessionRequest(await scene.nonce()));
      expect([reply.status, reply.body.toString()]).toEqual([403, expect.stringContaining('device-revoked') as string]);
    });

    it('are given to a device whose clock is somewhat off', async () => {
      const device = new TestDevice(scene.brand, 'till', '1');
      const request = device.sessionRequest(await scene.nonce(), { at: new Date(Date.now() - 1439 * MINUTE_MS) });
      expect((await scene.request(request)).status).toBe(200);
    });

    const refresh = (headers: Record<string, string>) =>
      scene.store.ask('/v2/snaps/refresh', {
        method: 'POST',
        headers: { 'snap-device-architecture': 'amd64', ...headers },
        body: JSON.stringify({
          context: [],
          actions: [{ action: 'install', 'instance-key': 'k', name: 'jq', channel: 'stable' }],
        }),
      });
    const download = (headers: Record<string, string>, method = 'GET') =>
      scene.store.ask(`/api/v1/snaps/download/${testSnapId('jq')}_6.snap`, { method, headers });

    it('are needed for information, refreshes and downloads, and asked for in the way that snapd hears', async () => {
      const bad = ['', 'Macaroon root=""', 'Macaroon root="x"', `Macaroon root="${token}x"`, `Macaroon root=${token}`];
      for (const value of bad) {
        const headers: Record<string, string> = value === '' ? {} : { 'snap-device-authorization': value };
        for (const reply of [await scene.info(headers), await refresh(headers), await download(headers)]) {
          expect([reply.status, reply.headers['www-authenticate'], reply.headers['content-type']]).toEqual([
            401,
            'Macaroon refresh_device_session=1',
            'application/json',
          ]);
        }
      }
      for (const reply of [await scene.info(v2(token)), await refresh(v2(token)), await download(v1(token))]) {
        expect(reply.status).toBe(200);
      }
    });

    it('are not needed for assertions, the connectivity check and what snapd asks for without', async () => {
      const paths = [
        `/v2/assertions/snap-declaration/16/${testSnapId('jq')}`,
        '/v2/snaps/info/snapd?fields=download&architecture=amd64',
        '/api/v1/snaps/sections',
        '/api/v1/snaps/names',
        '/_status/check',
      ];
      for (const path of paths) expect([path, (await scene.store.ask(path)).status]).toEqual([path, 200]);
      expect((await download({}, 'HEAD')).status).toBe(200);
      expect((await scene.store.ask('/api/v1/snaps/names')).body.toString()).toContain('"package_name":"jq"');
    });

    it('are needed for more of the snap than where it is', async () => {
      for (const path of ['/v2/snaps/info/snapd', '/v2/snaps/info/jq?fields=download']) {
        expect((await scene.store.ask(path)).status).toBe(401);
      }
    });
  });
});

describe('the secret of sessions', () => {
  it('is one for all processes, and sessions end with it', async () => {
    const scene = await openScene('lane', 'required');
    try {
      const device = new TestDevice(scene.brand, 'till', '1');
      const before = await scene.session(device);
      const { context } = scene.store.operator;
      const settings = context.get(SettingsService);
      await settings.reload();
      const made = await settings.secret('proxy.device-auth.secret');
      expect(made).toMatch(/^[\w-]{43}$/);
      expect((await scene.info(v2(before))).status).toBe(200);
      await settings.change(new Map([['proxy.device-auth.secret', 'another-secret-of-the-store']]));
      await expect.poll(async () => (await scene.info(v2(before))).status, { timeout: 5_000 }).toBe(401);
      expect((await scene.info(v2(await scene.session(device)))).status).toBe(200);
    } finally {
      await scene.store.close();
    }
  });
});
