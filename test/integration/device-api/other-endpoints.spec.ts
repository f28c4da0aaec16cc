import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';

describe.each(WAYS)('what else devices ask, by the %s', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    await store.push(store.authority.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6 }));
  });

  afterAll(() => store.close());

  it.each([
    ['HEAD', '/'],
    ['GET', '/'],
    ['GET', '/_status/check'],
    ['HEAD', '/_status/check'],
    ['GET', '/v2/snaps/info/jq'],
    ['GET', '/v2/snaps/info/nothing'],
    ['POST', '/api/v1/snaps/auth/nonces'],
    ['GET', '/api/v1/snaps/names'],
  ])('says its version with every answer: %s %s', async (method, path) => {
    const { headers } = await store.ask(path, { method });
    expect(Number(headers['snap-store-version'])).toBeGreaterThanOrEqual(55);
    expect(headers['content-length']).toBeDefined();
  });

  it('has no message for a device, whatever it brings', async () => {
    const ask = (body: unknown) => store.ask('/v2/messages', { method: 'POST', body: JSON.stringify(body) });
    for (const body of [
      { limit: 10 },
      { after: 'x', messages: [{ format: 'assertion', data: 'type: response-message' }] },
    ]) {
      const { status, headers, json } = await ask(body);
      expect([status, headers['content-type']]).toEqual([200, 'application/json']);
      expect(json()).toEqual({ messages: [], 'total-pending-messages': 0 });
    }
    const wrong = [
      [],
      { after: 1 },
      { limit: -1 },
      { messages: {} },
      { messages: Array.from({ length: 1_001 }, () => 0) },
    ];
    for (const body of wrong)
      expect([JSON.stringify(body).slice(0, 20), (await ask(body)).status]).toEqual([expect.anything(), 400]);
  });

  it.each([
    ['GET', '/api/v1/snaps/purchases/orders'],
    ['GET', '/api/v1/snaps/purchases/customers/me'],
    ['POST', '/api/v1/snaps/purchases/buy'],
    ['GET', '/v2/nobody/knows/this'],
    ['DELETE', '/v2/snaps/info/jq'],
    ['GET', '/v2/snaps/refresh'],
  ])('has nothing to say to %s %s, in the form that snapd reads', async (method, path) => {
    const { status, headers, json } = await store.ask(path, { method });
    expect(status).toBe(404);
    // What is no path of the store is for whoever embeds it.
    if (way === 'controllers') return;
    expect(headers['content-type']).toBe('application/json');
    expect(Number(headers['snap-store-version'])).toBeGreaterThanOrEqual(55);
    expect(json()).toMatchObject({ 'error-list': [{ code: 'resource-not-found' }] });
  });

  it('is up', async () => {
    expect((await store.ask('/_status/check')).status).toBe(200);
    expect((await store.ask('/', { method: 'HEAD' })).status).toBe(200);
  });
});

describe('absolute URLs', () => {
  interface Info {
    'channel-map': { download: { url: string } }[];
  }

  async function urlFor(settings: Record<string, string>, headers: Record<string, string> = {}): Promise<string[]> {
    const store = await RunningStore.open('lane', settings);
    try {
      await store.push(store.authority.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6 }));
      const reply = await store.ask('/v2/snaps/info/jq', { headers });
      const [first] = (reply.json() as Info)['channel-map'];
      return [first!.download.url.replace(/\/api\/.*/, ''), String(store.port)];
    } finally {
      await store.close();
    }
  }

  it('start with proxy.public-url where it is set, whatever the client says', async () => {
    const settings = { 'proxy.public-url': 'https://snaps.example/store/', 'proxy.domain': 'other.example' };
    expect((await urlFor(settings, { host: 'evil.example' }))[0]).toBe('https://snaps.example/store');
  });

  it('start with scheme, proxy.domain and port otherwise', async () => {
    const [url, port] = await urlFor({ 'proxy.domain': 'snaps.example' }, { host: 'evil.example' });
    expect(url).toBe(`http://snaps.example:${port}`);
  });

  it('say https where a trusted proxy was asked so', async () => {
    const headers = { 'x-forwarded-proto': 'https' };
    const trusting = { 'proxy.domain': 'snaps.example', 'proxy.trust-forwarded-proto': 'true' };
    expect((await urlFor(trusting, headers))[0]).toBe('https://snaps.example');
    expect((await urlFor({ 'proxy.domain': 'snaps.example' }, headers))[0]).toMatch(/^http:/);
  });

  describe('without either', () => {
    let store: RunningStore;
    beforeAll(async () => {
      store = await RunningStore.open();
      await store.push(store.authority.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6 }));
    });
    afterAll(() => store.close());

    it.each([
      ['evil.example', (port: number) => `127.0.0.1:${port}`],
      ['evil.example:80', (port: number) => `127.0.0.1:${port}`],
      ['192.0.2.7:8000', (port: number) => `127.0.0.1:${port}`],
      ['127.0.0.1.evil.example', (port: number) => `127.0.0.1:${port}`],
      ['127.0.0.1:99999', (port: number) => `127.0.0.1:${port}`],
      ['127.0.0.1@evil.example', (port: number) => `127.0.0.1:${port}`],
      ['127.0.0.1:9000', () => '127.0.0.1:9000'],
      ['localhost:9000', () => 'localhost:9000'],
      ['[::1]:9000', (port: number) => (hasIpv6Loopback() ? '[::1]:9000' : `127.0.0.1:${port}`)],
    ])('follow the Host header %s only to this machine', async (host, expected) => {
      const reply = await store.ask('/v2/snaps/info/jq', { headers: { host } });
      expect((reply.json() as Info)['channel-map'][0]!.download.url).toMatch(`http://${expected(store.port)}/api/`);
    });
  });
});

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
}
