import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Settings } from '../../../src/platform/config/settings.js';
import { FastLaneAdapter, SERVER_LIMITS, type ServerLimits } from '../../../src/platform/http/fast-lane-adapter.js';
import { PortInUseError } from '../../../src/platform/http/http.errors.js';
import { LoggerFactory } from '../../../src/platform/logging/logger.js';
import { type RunningServer, startServer } from '../../../src/server.js';
import { SnapStoreModule } from '../../../src/snap-store.module.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { RunningStore } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';

let database: TestDatabase;
let dataDir: string;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'server-'));
});

afterAll(async () => {
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

function start(given: { port?: number; host?: string } = {}): Promise<RunningServer> {
  const settings = new Settings({ flag: new Map([['proxy.db.connection', database.uri]]) });
  return startServer({ dataDir, settings, loggers: LoggerFactory.silent(), port: 0, host: '127.0.0.1', ...given });
}

/** All that comes until the other side closes. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return text;
}

describe('the server', () => {
  it('says where it listens and what it holds, and closes twice as well as once', async () => {
    const server = await start();
    const { host, port } = server.address;
    expect(host).toBe('127.0.0.1');
    expect(server.urls).toEqual([`http://127.0.0.1:${port}`]);
    expect(await server.holdings()).toEqual({ snaps: 0, revisions: 0, sizeBytes: 0 });
    await Promise.all([server.close(), server.close()]);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it('listens on every address, and names those that devices can reach', async () => {
    const server = await start({ host: '[::]' });
    try {
      expect(server.urls.at(-1)).toBe(`http://127.0.0.1:${server.address.port}`);
      expect((await fetch(`${server.urls.at(-1) ?? ''}/_status/check`)).status).toBe(200);
    } finally {
      await server.close();
    }
  });

  it('names the port that is taken, and leaves nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(PortInUseError);
    await expect(start({ port })).rejects.toThrow(`port ${port} on 127.0.0.1`);
    other.close();
    const server = await start({ port });
    await server.close();
  });

  it('ends idle connections at once when it closes', async () => {
    const server = await start();
    const idle = connect(server.address.port, '127.0.0.1');
    idle.write('GET /_status/check HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle, 'data');
    const ended = rest(idle);
    await server.close();
    await ended;
  });

  it('lets an answer under way end before it closes', async () => {
    const store = await RunningStore.open();
    const sizeBytes = 24 * 1024 * 1024;
    const big = store.authority.snap({ name: 'big', snapId: testSnapId('big'), revision: 1, sizeBytes });
    await store.push(big);
    const socket = connect(store.port, '127.0.0.1');
    socket.write(`GET /api/v1/snaps/download/${testSnapId('big')}_1.snap HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'readable');
    const closed = store.close();
    const text = await rest(socket);
    await closed;
    expect(text.length - text.indexOf('\r\n\r\n') - 4).toBe(big.content.length);
  });
});

describe('against clients that are slow or hostile', () => {
  @Controller()
  class Slow {
    @Get('never')
    never(): Promise<void> {
      return new Promise(() => undefined);
    }
  }
  @Module({ controllers: [Slow] })
  class Host {}

  async function open(limits: Partial<ServerLimits>): Promise<{ port: number; close: () => Promise<void> }> {
    const app = await NestFactory.create(Host, new FastLaneAdapter({ ...SERVER_LIMITS, ...limits }), { logger: false });
    await app.listen(0, '127.0.0.1');
    return { port: (app.getHttpServer() as { address(): AddressInfo }).address().port, close: () => app.close() };
  }

  it.each<[string, Partial<ServerLimits>, string, RegExp]>([
    ['never ends its head', { headersMs: 100, checkEveryMs: 50 }, 'GET / HTTP/1.1\r\nHost: x\r\n', /^HTTP\/1.1 408 /],
    [
      'never ends its body',
      { requestMs: 100, headersMs: 100, checkEveryMs: 50 },
      'POST /v2/snaps/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{',
      /408 Request Timeout/,
    ],
    ['sends a head without end', {}, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
    ['speaks no HTTP', {}, 'hello?\r\n\r\n', /^HTTP\/1.1 400 /],
    ['waits in silence', { silenceMs: 100 }, 'GET /never HTTP/1.1\r\nHost: x\r\n\r\n', /^$/],
    ['has asked all it wanted', { keepAliveMs: 100 }, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1.1 404 /],
  ])('lets go of one that %s', async (_what, limits, says, hears) => {
    const { port, close } = await open(limits);
    const socket = connect(port, '127.0.0.1');
    socket.write(says);
    expect(await rest(socket)).toMatch(hears);
    await close();
  });

  it('cuts what has not ended in time when it closes', async () => {
    const { port, close } = await open({ farewellMs: 100 });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
    const ended = rest(socket);
    await once(socket, 'connect');
    await close();
    expect(await ended).toBe('');
  });
});

describe('inside another application', () => {
  @Controller()
  class Greeting {
    @Get('hello')
    hello(): string {
      return 'hello';
    }
  }

  it('answers devices below its prefix and leaves the host alone', async () => {
    const settings = { 'proxy.db.connection': database.uri };
    @Module({ imports: [SnapStoreModule.forRoot({ dataDir, settings })], controllers: [Greeting] })
    class Host {}
    const app = await NestFactory.create(Host, { logger: false, abortOnError: false });
    app.setGlobalPrefix('store');
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    const greeting = await get('/store/hello');
    expect([await greeting.text(), greeting.headers.get('snap-store-version')]).toEqual(['hello', null]);
    const info = await get('/store/v2/snaps/info/nothing');
    expect([info.status, info.headers.get('content-type')]).toEqual([404, 'application/json']);
    expect((await get('/v2/snaps/info/nothing')).headers.get('snap-store-version')).toBeNull();
    expect((await get('/store/_status/check')).headers.get('snap-store-version')).toBe('69');
    await app.close();
  });
});
