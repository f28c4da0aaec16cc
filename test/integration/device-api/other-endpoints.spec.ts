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
