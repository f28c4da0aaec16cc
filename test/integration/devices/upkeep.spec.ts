import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AssertionService } from '../../../src/modules/assertions/index.js';
import { SessionAdmission } from '../../../src/modules/devices/admission/session-admission.js';
import { DeviceName, DeviceService, DeviceUpkeep } from '../../../src/modules/devices/index.js';
import { LastSeen } from '../../../src/modules/devices/known/last-seen.js';
import { parseSessionRequest } from '../../../src/modules/devices/sessions/session-request.js';
import { SessionService } from '../../../src/modules/devices/sessions/session.service.js';
import { SpentNonceRepository } from '../../../src/modules/devices/sessions/spent-nonce.repository.js';
import { type BaseUrl } from '../../../src/platform/http/base-url.js';
import { DeviceRequest } from '../../../src/platform/http/device-route.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { TestBrand } from '../../support/brand.js';
import { TestDevice } from '../../support/test-device.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

describe(DeviceUpkeep.name, () => {
  let database: TestDatabase;
  let store: TestStore;
  let brand: TestBrand;
  let device: TestDevice;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const authority = TestAuthority.create();
    store = await openTestStore({ uri: database.uri, authority });
    brand = TestBrand.under(authority, 'acme');
    device = new TestDevice(brand, 'till', '1');
    await store.context.get(AssertionService).add(brand.assertions);
    const sessions = store.context.get(SessionService);
    token = await sessions.open(parseSessionRequest(device.sessionRequest(await sessions.nonce())), null);
  });

  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  const seenAt = async () => (await store.context.get(DeviceService).show(DeviceName.parse(device.name))).lastSeen;
  const askWith = (headers: IncomingMessage['headers']) => {
    const raw = { headers, method: 'GET' } as IncomingMessage;
    const request = new DeviceRequest(raw, 'jq', '', { of: () => '' } as unknown as BaseUrl, '');
    return store.context.get(SessionAdmission).viewOf(request);
  };

  it('writes down when a device was here by the sessions that it sends', async () => {
    const before = await seenAt();
    await askWith({});
    await askWith({ 'snap-device-authorization': `Macaroon root="${token}x"` });
    await store.context.get(DeviceUpkeep).run();
    expect(await seenAt()).toEqual(before);
    await askWith({ 'snap-device-authorization': `Macaroon root="${token}"` });
    expect(await seenAt()).toEqual(before);
    await store.context.get(DeviceUpkeep).run();
    expect((await seenAt()).getTime()).toBeGreaterThan(before.getTime());
  });

  it('writes down the last time of several, of many devices at once, and makes none', async () => {
    const lastSeen = store.context.get(LastSeen);
    const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 0, minute));
    // Two sessions of one device are two objects.
    lastSeen.note(DeviceName.parse(device.name), at(5));
    lastSeen.note(DeviceName.parse(device.name), at(3));
    for (let number = 0; number < 2_500; number++) lastSeen.note(DeviceName.parse(`acme/none/${number}`), at(7));
    await lastSeen.flush();
    expect(await seenAt()).toEqual(at(5));
    expect((await store.context.get(DeviceService).list({}, 10)).count).toBe(1);
    lastSeen.note(DeviceName.parse(device.name), at(1));
    await lastSeen.flush();
    expect(await seenAt()).toEqual(at(5));
  });

  it('forgets used nonces once nobody could use them again, and not before', async () => {
    const nonces = store.context.get(SpentNonceRepository);
    const now = Date.now();
    await nonces.spend({ id: 'a'.repeat(32), expiresAt: new Date(now - 1) });
    await nonces.spend({ id: 'b'.repeat(32), expiresAt: new Date(now + 60_000) });
    await store.context.get(DeviceUpkeep).run();
    const left = await store.query<{ id: string }>('SELECT id FROM snap_store.device_spent_nonce ORDER BY id');
    expect(left.map(({ id }) => id)).not.toContain('a'.repeat(32));
    expect(left.map(({ id }) => id)).toContain('b'.repeat(32));
    expect(await nonces.spend({ id: 'b'.repeat(32), expiresAt: new Date(now + 60_000) })).toBe(false);
  });

  it('leaves nothing behind of the many who ask for nonces', async () => {
    const sessions = store.context.get(SessionService);
    const count = async () =>
      (await store.query<{ n: string }>('SELECT count(*) n FROM snap_store.device_spent_nonce'))[0]!.n;
    const before = await count();
    for (let number = 0; number < 500; number++) await sessions.nonce();
    expect(await count()).toBe(before);
  });
});
