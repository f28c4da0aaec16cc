import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Settings } from '../../../src/platform/config/settings.js';
import { LoggerFactory } from '../../../src/platform/logging/logger.js';
import { type RunningServer, startServer } from '../../../src/server.js';
import { RunningStore } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';

const TOKEN = 'a-token-for-the-scrape';
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('a store that is watched', () => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open('lane', { 'proxy.metrics.listen': 'same', 'proxy.metrics.token': TOKEN });
    await store.push(store.authority.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6 }));
  });
  afterAll(() => store.close());

  const valueOf = (metrics: string, line: string): number | null => {
    const found = metrics.split('\n').find((text) => text.startsWith(`${line} `));
    return found === undefined ? null : Number(found.slice(line.length));
  };
  const scrape = async (): Promise<string> => (await store.ask('/metrics', bearer(TOKEN))).body.toString();

  it('says that it lives and that it is ready', async () => {
    const live = await store.ask('/health/live');
    expect([live.status, live.json()]).toEqual([200, { status: 'alive' }]);
    const ready = await store.ask('/health/ready');
    expect([ready.status, ready.json()]).toEqual([
      200,
      { status: 'ready', checks: { database: 'ok', 'blob-storage': 'ok' } },
    ]);
    expect(ready.headers['cache-control']).toBe('no-store');
    expect((await store.ask('/health/ready', { method: 'HEAD' })).body).toHaveLength(0);
  });

  it('counts what it has answered, by route and status and not by what was asked for', async () => {
    const before = await scrape();
    await store.ask('/v2/snaps/info/jq?architecture=amd64');
    await store.ask('/v2/snaps/info/nothing-like-it');
    await store.ask('/v2/snaps/info/nothing-else');
    const after = await scrape();
    const risen = (status: number): number => {
      const line = `snap_store_requests_total{method="GET",route="/v2/snaps/info/",status="${status}"}`;
      return (valueOf(after, line) ?? 0) - (valueOf(before, line) ?? 0);
    };
    expect([risen(200), risen(404)]).toEqual([1, 2]);
    expect(after).not.toContain('nothing-like-it');
  });

  it('counts the bytes of files that it has sent', async () => {
    const info = (await store.ask('/v2/snaps/info/jq?architecture=amd64')).json() as {
      'channel-map': { download: { url: string; size: number } }[];
    };
    const { url, size } = info['channel-map'][0]!.download;
    const before = valueOf(await scrape(), 'snap_store_sent_file_bytes_total') ?? 0;
    await store.ask(new URL(url).pathname);
    await store.ask(new URL(url).pathname, { method: 'HEAD' });
    const sent = (valueOf(await scrape(), 'snap_store_sent_file_bytes_total') ?? 0) - before;
    expect(sent).toBeGreaterThan(size);
    expect(sent).toBeLessThan(size + 4096);
  });

  it('tells what it holds', async () => {
    const metrics = await scrape();
    const facts = ['snaps', 'revisions', 'blobs', 'imports{state="done"}', 'imports{state="failed"}', 'database_up'];
    expect(facts.map((fact) => valueOf(metrics, `snap_store_${fact}`))).toEqual([1, 1, 1, 1, 0, 1]);
    expect(valueOf(metrics, 'snap_store_air_gapped')).toBe(0);
    expect(valueOf(metrics, 'snap_store_certificate_expiry_timestamp_seconds')).toBeNull();
    expect(valueOf(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('tells everything that the dashboard shows', async () => {
    const dashboard = await readFile('packaging/grafana/snap-store.json', 'utf8');
    const asked = new Set(dashboard.match(/\b(?:snap_store|nodejs|process)_[a-z0-9_]+/g));
    const told = await scrape();
    expect(asked.size).toBeGreaterThan(10);
    expect([...asked].filter((name) => !told.includes(`# TYPE ${name} `))).toEqual([]);
  });

  it.each([
    ['no token', {}],
    ['another token', bearer('a-token-for-the-scrapf')],
    ['a token that only begins right', bearer(TOKEN.slice(0, -1))],
    ['the token in another way', { headers: { authorization: `Basic ${TOKEN}` } }],
  ])('gives the metrics on the port of the devices to nobody with %s', async (_, ask) => {
    const reply = await store.ask('/metrics', ask);
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(reply.body.toString()).not.toContain('snap_store_');
  });

  describe('on a port of its own', () => {
    let server: RunningServer | null = null;
    let other: Server | null = null;

    afterEach(async () => {
      await server?.close();
      other?.close();
      [server, other] = [null, null];
    });

    const start = async (settings: Record<string, string>): Promise<void> => {
      const flag = new Map(Object.entries({ 'proxy.db.connection': store.operator.uri, ...settings }));
      server = await startServer({
        dataDir: store.operator.dataDir,
        settings: new Settings({ flag }),
        loggers: LoggerFactory.silent(),
        port: 0,
        host: '127.0.0.1',
        background: false,
        metrics: true,
      });
    };
    const freePort = async (): Promise<number> => {
      const probe = createServer().listen(0, '127.0.0.1');
      await once(probe, 'listening');
      const { port } = probe.address() as AddressInfo;
      await new Promise((resolve) => probe.close(resolve));
      return port;
    };
    const ask = (port: number, path = '/metrics', init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, init);

    it('gives them without a token, and nothing else', async () => {
      const port = await freePort();
      await start({ 'proxy.metrics.listen': `127.0.0.1:${port}` });
      const reply = await ask(port);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([
        200,
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
      expect(valueOf(await reply.text(), 'snap_store_snaps')).toBe(1);
      expect((await ask(port, '/v2/snaps/info/jq')).status).toBe(404);
      expect((await ask(port, '/metrics', { method: 'POST' })).status).toBe(405);
      const onDevicePort = await fetch(`http://127.0.0.1:${server!.address.port}/metrics`);
      expect(onDevicePort.status).toBe(404);
    });

    it('wants the token there too, where one is set', async () => {
      const port = await freePort();
      await start({ 'proxy.metrics.listen': `127.0.0.1:${port}`, 'proxy.metrics.token': TOKEN });
      expect((await ask(port)).status).toBe(401);
      expect((await ask(port, '/metrics', bearer(TOKEN))).status).toBe(200);
    });

    it('serves without metrics where the port is taken, and ends with the store', async () => {
      const port = await freePort();
      other = createServer((_request, response) => response.end('other')).listen(port, '127.0.0.1');
      await once(other, 'listening');
      await start({ 'proxy.metrics.listen': `127.0.0.1:${port}` });
      expect(await (await ask(port)).text()).toBe('other');
      expect((await fetch(`http://127.0.0.1:${server!.address.port}/health/ready`)).status).toBe(200);
    });
  });
});
