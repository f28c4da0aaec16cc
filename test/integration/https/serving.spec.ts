import { once } from 'node:events';
import { get as httpGet, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';

import { FastLaneAdapter, SERVER_LIMITS } from '../../../src/platform/http/fast-lane-adapter.js';
import { PortInUseError } from '../../../src/platform/http/http.errors.js';
import type { RunningServer } from '../../../src/server.js';
import { makeCertificate, type TestCertificate } from '../../support/certificates.js';
import { handshake, HttpsScene, shown, takenPort, until } from './scene.js';

const DOMAIN = 'snaps.internal';

describe('a server with HTTPS', () => {
  let scene: HttpsScene;
  let server: RunningServer;
  let caPem: string;

  beforeAll(async () => {
    scene = await HttpsScene.open();
  });

  afterAll(() => scene.close());

  beforeEach(async () => {
    await scene.set('proxy.domain', DOMAIN);
    ({ caPem } = await scene.certificates.selfSign({ domain: DOMAIN }));
    server = await scene.serve();
  });

  afterEach(async () => {
    await server.close();
    for (const key of ['proxy.public-url', 'proxy.domain', 'proxy.trust-forwarded-proto', 'proxy.tls.key'])
      await scene.set(key, null);
  });

  const securePort = (): number => server.secureAddress!.port;

  const plain = (path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const { method = 'GET', headers = {}, body } = options;
      const request = httpRequest({
        host: '127.0.0.1',
        port: server.address.port,
        path,
        method,
        headers,
        agent: false,
      });
      request.once('error', reject).once('response', (response) => {
        response.resume();
        resolve(response);
      });
      request.end(body);
    });

  const secure = (path: string, agent: Agent | false = false) =>
    new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: securePort(), path, servername: DOMAIN, ca: caPem, agent };
      const request = httpsRequest(options);
      request.once('error', reject).once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      request.end();
    });

  it('answers over it what it answers over HTTP, to a client that checks the certificate', async () => {
    expect(server.urls).toEqual([`https://${DOMAIN}:${securePort()}`]);
    const status = await secure('/_status/check');
    expect([status.status, status.text, status.headers['snap-store-version']]).toEqual([200, '{"status":"ok"}', '69']);
    const info = await secure('/v2/snaps/info/nothing?architecture=amd64');
    expect([info.status, info.headers['content-type']]).toEqual([404, 'application/json']);
    expect((await secure('/nowhere')).status).toBe(404);
  });

  it('keeps a connection for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const [first, second] = [await secure('/_status/check', agent), await secure('/_status/check', agent)];
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    } finally {
      agent.destroy();
    }
  });

  it.each([
    ['TLSv1.2', 'TLSv1.2'],
    ['TLSv1.3', 'TLSv1.3'],
  ] as const)('speaks %s', async (version, expected) => {
    const socket = await handshake(securePort(), { ca: caPem, minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(expected);
    socket.destroy();
  });

  it('speaks nothing older', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(securePort(), { ca: caPem, ...old })).rejects.toThrow(/protocol version/);
  });

  it.each<[string, string[] | undefined, string | false]>([
    ['says nothing of protocols', undefined, false],
    ['would rather have HTTP/2', ['h2', 'http/1.1'], 'http/1.1'],
  ])('speaks HTTP/1.1 with a client that %s', async (_what, protocols, expected) => {
    const socket = await handshake(securePort(), { ca: caPem, ...(protocols && { ALPNProtocols: protocols }) });
    expect(socket.alpnProtocol).toBe(expected);
    socket.write('GET /_status/check HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('sends HTTP to HTTPS, with its method where there is a body, and never to a host that is not its own', async () => {
    const where = `https://${DOMAIN}:${securePort()}`;
    const headers = { host: 'evil.example' };
    const get = await plain('/v2/snaps/info/jq?architecture=amd64&x=%2F', { headers });
    expect([get.statusCode, get.headers.location]).toEqual([301, `${where}/v2/snaps/info/jq?architecture=amd64&x=%2F`]);
    const head = await plain('/', { method: 'HEAD', headers });
    expect([head.statusCode, head.headers.location]).toEqual([301, `${where}/`]);
    const post = await plain('/v2/snaps/refresh', { method: 'POST', headers, body: '{}' });
    expect([post.statusCode, post.headers.location]).toEqual([308, `${where}/v2/snaps/refresh`]);
    for (const path of [
      '//evil.example/',
      'http://evil.example/',
      '/%0d%0aX:y',
      '/_status/checked',
      '/_STATUS/check',
      '/health/readyx',
      '/metrics',
    ]) {
      const answer = await plain(path, { headers });
      expect(new URL(answer.headers.location ?? '').origin).toBe(where);
    }
  });

  it.each(['/_status/check', '/health/live', '/health/ready?x'])('answers %s over HTTP too', async (path) => {
    expect((await plain(path)).statusCode).toBe(200);
  });

  it('sends a client on that has not sent all of its body, and hears the next request on the same connection', async () => {
    const socket = connect(server.address.port, '127.0.0.1');
    const sizeBytes = 3_000_000;
    socket.write(`POST /v2/snaps/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    await until(() => text.includes('308'));
    socket.write('x'.repeat(sizeBytes));
    socket.write('GET /_status/check HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => text.includes('{"status":"ok"}'));
    socket.destroy();
  });

  it('answers the health check over HTTP too', async () => {
    expect((await plain('/_status/check')).statusCode).toBe(200);
    expect((await plain('/_status/check?x')).statusCode).toBe(200);
  });

  it('believes a trusted reverse proxy that TLS has ended in front of it, and nobody else', async () => {
    const headers = { 'x-forwarded-proto': 'https' };
    expect((await plain('/', { headers })).statusCode).toBe(301);
    await scene.set('proxy.trust-forwarded-proto', 'true');
    await until(async () => (await plain('/', { headers })).statusCode === 200);
    expect((await plain('/', { headers: { 'x-forwarded-proto': 'http' } })).statusCode).toBe(301);
  });

  it('leads to the public URL where that is set for HTTPS', async () => {
    await scene.set('proxy.public-url', 'https://front.internal/');
    await until(async () => (await plain('/x')).headers.location === 'https://front.internal/x');
    await scene.set('proxy.public-url', 'http://front.internal/');
    await until(async () => (await plain('/x')).headers.location === `https://${DOMAIN}:${securePort()}/x`);
  });

  it('leads to the address that was asked where there is no domain', async () => {
    await scene.set('proxy.domain', null);
    await until(async () => {
      const { location } = (await plain('/x', { headers: { host: `localhost:${server.address.port}` } })).headers;
      return location === `https://localhost:${securePort()}/x`;
    });
    expect((await plain('/x', { headers: { host: 'evil.example' } })).headers.location).toBe(
      `https://127.0.0.1:${securePort()}/x`,
    );
  });

  it('takes up the next certificate without a restart, and lets connections go on', async () => {
    const open = await handshake(securePort(), { ca: caPem });
    const next = await makeCertificate({ name: 'next', dns: [DOMAIN] });
    const { certificate } = await scene.certificates.import(next.pem + next.keyPem, { domain: DOMAIN });
    await until(async () => (await shown(securePort())) === certificate.fingerprint256);
    open.write('GET /_status/check HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(open, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    open.destroy();
  });

  it('goes back to HTTP without a restart when the key is taken away, and to HTTPS when there is one again', async () => {
    const port = securePort();
    await scene.set('proxy.tls.key', null);
    await until(() => server.secureAddress === null);
    expect(await shown(port)).toBeNull();
    expect((await plain('/')).statusCode).toBe(200);
    expect(server.urls).toEqual([`http://${DOMAIN}:${server.address.port}`]);
    await scene.certificates.selfSign({ domain: DOMAIN });
    await until(() => server.secureAddress !== null);
    expect((await plain('/')).statusCode).toBe(301);
  });

  it('shows the same certificate in every process', async () => {
    const other = await scene.serve();
    try {
      const { certificate } = await scene.certificates.selfSign({ domain: DOMAIN });
      for (const { secureAddress } of [server, other])
        await until(async () => (await shown(secureAddress!.port)) === certificate.fingerprint256);
    } finally {
      await other.close();
    }
  });

  it('ends idle connections at once when it closes, and takes no new ones', async () => {
    const port = securePort();
    const idle = await handshake(port, { ca: caPem });
    idle.write('GET /_status/check HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle, 'data');
    const ended = once(idle, 'close');
    await server.close();
    await ended;
    expect(await shown(port)).toBeNull();
  });

  it('survives what is no TLS, and who leaves in the middle', async () => {
    for (const says of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01', '']) {
      const socket = connect(securePort(), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(says);
      await once(socket.resume(), 'close');
    }
    expect((await secure('/_status/check')).status).toBe(200);
  });

  it('names the port that is taken when it starts, and leaves nothing open', async () => {
    const { port, free } = await takenPort();
    try {
      await expect(scene.serve({ httpsPort: port })).rejects.toThrow(PortInUseError);
      await expect(scene.serve({ httpsPort: port })).rejects.toThrow(`port ${port} on 127.0.0.1`);
    } finally {
      await free();
    }
  });

  it('goes on with HTTP where the port is taken when a certificate comes, and takes it when the next one does', async () => {
    const { port, free } = await takenPort();
    await scene.set('proxy.tls.key', null);
    const other = await scene.serve({ httpsPort: port });
    try {
      await scene.certificates.selfSign({ domain: DOMAIN });
      await until(() => server.secureAddress !== null);
      const status = async (): Promise<number | undefined> => {
        const request = httpGet({ host: '127.0.0.1', port: other.address.port, path: '/', agent: false });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        response.resume();
        return response.statusCode;
      };
      expect([await status(), other.secureAddress]).toEqual([200, null]);
      await free();
      await scene.certificates.selfSign({ domain: DOMAIN });
      await until(() => other.secureAddress !== null);
      expect(await status()).toBe(301);
    } finally {
      await other.close();
    }
  });
});

describe('a port for HTTPS against clients that are slow', () => {
  @Module({})
  class Nothing {}

  let certificate: TestCertificate;

  beforeAll(async () => {
    certificate = await makeCertificate({ name: DOMAIN, dns: [DOMAIN] });
  });

  async function open(limits: Partial<typeof SERVER_LIMITS>): Promise<{ port: number; close: () => Promise<void> }> {
    const adapter = new FastLaneAdapter({ ...SERVER_LIMITS, ...limits });
    const app = await NestFactory.create(Nothing, adapter, { logger: false });
    await app.listen(0, '127.0.0.1');
    const secure = adapter.securePort({ host: '127.0.0.1', port: 0 }, () => undefined);
    await secure.use({ certPem: certificate.pem, keyPem: certificate.keyPem });
    return { port: secure.listening!.port, close: () => app.close() };
  }

  it('lets go of one that never ends its handshake', async () => {
    const { port, close } = await open({ handshakeMs: 100 });
    const socket = connect(port, '127.0.0.1');
    await once(socket.resume(), 'close');
    await close();
  });

  it.each<[string, Partial<typeof SERVER_LIMITS>, string, RegExp]>([
    ['never ends its head', { headersMs: 100, checkEveryMs: 50 }, 'GET / HTTP/1.1\r\nHost: x\r\n', /^HTTP\/1.1 408 /],
    ['sends a head without end', {}, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
    ['speaks no HTTP', {}, 'hello?\r\n\r\n', /^HTTP\/1.1 400 /],
    ['has asked all it wanted', { keepAliveMs: 100 }, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1.1 404 /],
    ['says nothing', { silenceMs: 100 }, '', /^$/],
  ])('lets go of one that %s', async (_what, limits, says, hears) => {
    const { port, close } = await open(limits);
    const socket = connectTls({ host: '127.0.0.1', port, ca: certificate.pem, servername: DOMAIN });
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.write(says);
    await once(socket, 'close');
    expect(text).toMatch(hears);
    await close();
  });

  it('keeps what it has where the next certificate is none', async () => {
    const adapter = new FastLaneAdapter();
    const app = await NestFactory.create(Nothing, adapter, { logger: false });
    await app.listen(0, '127.0.0.1');
    const secure = adapter.securePort({ host: '127.0.0.1', port: 0 }, () => undefined);
    await secure.use({ certPem: certificate.pem, keyPem: certificate.keyPem });
    const other = await makeCertificate({ name: 'other', dns: ['other'] });
    await expect(secure.use({ certPem: certificate.pem, keyPem: other.keyPem })).rejects.toThrow(/key values mismatch/);
    expect(await shown(secure.listening!.port)).not.toBeNull();
    await app.close();
    await secure.use({ certPem: certificate.pem, keyPem: certificate.keyPem });
    expect(secure.listening).toBeNull();
  });
});
