import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { encodeMacaroon, Macaroon } from '../../../src/formats/macaroon/index.js';
import { issueAuthority, issueServerCertificate } from '../../../src/modules/https/issue.js';
import { IdentityProviderUnfitError } from '../../../src/modules/registration/index.js';
import {
  HttpClient,
  UpstreamAnswerError,
  UpstreamInsecureError,
  UpstreamUnreachableError,
} from '../../../src/modules/upstream/index.js';
import { TestAuthority } from '../../support/test-authority.js';
import { AuthorityScene, clientOf, ConnectedSide } from './scene.js';

let side: ConnectedSide;
const open: (() => Promise<void>)[] = [];

beforeAll(async () => {
  side = await ConnectedSide.open(TestAuthority.create().rootStream);
});

afterEach(async () => {
  for (const close of open.splice(0)) await close();
  vi.unstubAllEnvs();
});

afterAll(() => side.close());

/** Something that listens where an authority should. */
async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (body: unknown, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

const caveatAt = (location: string) => ({ location, key: Buffer.from('k'), id: Buffer.from('i') });

describe('an authority', () => {
  it('that is down cannot be reached, and says where', async () => {
    const url = await listening(json({}));
    await open.pop()?.();
    const error = side.register(clientOf(url));
    await expect(error).rejects.toThrow(UpstreamUnreachableError);
    await expect(error).rejects.toThrow(`${url} cannot be reached: nothing listens there`);
  });

  it('whose name is not known cannot be reached', async () => {
    await expect(side.register(clientOf('https://authority.invalid'))).rejects.toThrow(UpstreamUnreachableError);
  });

  it('that does not answer in time is not waited for', async () => {
    const url = await listening(() => undefined);
    const client = clientOf(url, { limits: { answerMs: 200 } });
    await expect(side.register(client)).rejects.toThrow('it did not answer within 0.2 seconds');
  });

  it('that answers byte by byte is not waited for', async () => {
    const url = await listening((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.once('close', () => {
        clearInterval(drip);
      });
    });
    await expect(side.register(clientOf(url, { limits: { answerMs: 300 } }))).rejects.toThrow('did not answer within');
  });

  it('that breaks off is an error', async () => {
    const url = await listening((_, response) => response.socket?.destroy());
    await expect(side.register(clientOf(url))).rejects.toThrow('it closed the connection');
  });

  const answering =
    (status: number, type: string, body: string, headers: Record<string, string> = {}): RequestListener =>
    (_, response) => {
      response.writeHead(status, { 'content-type': type, ...headers }).end(body);
    };
  const macaroon = encodeMacaroon(Macaroon.create('x', Buffer.from('x'), Buffer.from('k')));
  const right = JSON.stringify({ macaroon });

  it.each<[string, string, RequestListener]>([
    ['HTML', 'text/html instead of JSON', answering(200, 'text/html', '<html>')],
    ['HTML with an error', '502 with text/html', answering(502, 'text/html; charset=utf-8', '<html>')],
    ['the right thing as something else', 'text/html instead of JSON', answering(200, 'text/html', right)],
    ['broken JSON', 'claims to be JSON', answering(200, 'application/json', '{')],
    ['nothing', 'nothing instead of JSON', (_, response) => response.writeHead(200).end()],
    ['a redirect', 'sends elsewhere', answering(302, 'application/json', right, { location: 'http://127.0.0.1:1/' })],
    ['too much', 'more than 1048576 bytes', answering(200, 'application/json', right + ' '.repeat(2_000_000))],
    ['a list', '"macaroon" is missing', json([])],
    ['no macaroon', '"macaroon" is missing', json({ macaroon: 7 })],
    ['a macaroon that is none', 'a macaroon that is none', json({ macaroon: 'AAAA' })],
  ])('that answers with %s is not one', async (_, why, answer) => {
    const error = await side.register(clientOf(await listening(answer))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UpstreamAnswerError);
    expect((error as Error).message).toContain(why);
  });

  it.each<[string, (root: Macaroon, here: string) => Macaroon]>([
    ['none', (root) => root],
    ['another one than is configured', (root) => root.withThirdPartyCaveat(caveatAt('elsewhere.example'))],
    ['two', (root, here) => root.withThirdPartyCaveat(caveatAt(here)).withThirdPartyCaveat(caveatAt(here))],
  ])('that leads to %s for logging in gets no password', async (_, lead) => {
    const asked: string[] = [];
    const url = await listening((request, response) => {
      asked.push(request.url ?? '');
      const root = Macaroon.create('x', Buffer.from('x'), Buffer.from('k'));
      json({ macaroon: encodeMacaroon(lead(root, request.headers.host ?? '')) })(request, response);
    });
    await expect(side.register(clientOf(url))).rejects.toThrow(IdentityProviderUnfitError);
    expect(asked).toEqual(['/api/registration/v1/macaroon']);
  });

  it('is not spoken to in clear, nor where this store must call nobody', async () => {
    await expect(side.register(clientOf('http://192.0.2.1'))).rejects.toThrow(UpstreamInsecureError);
    let count = 0;
    const url = await listening((request, response) => {
      count += 1;
      json({})(request, response);
    });
    const mayCallOut = () => {
      throw new Error('air-gapped');
    };
    await expect(side.register(clientOf(url, { mayCallOut }))).rejects.toThrow('air-gapped');
    expect(count).toBe(0);
  });

  it('is not waited for when the command is told to stop', async () => {
    const stop = new AbortController();
    const reason = new Error('interrupted');
    const url = await listening(() => {
      stop.abort(reason);
    });
    await expect(side.register(clientOf(url), { signal: stop.signal })).rejects.toBe(reason);
  });
});

describe('over HTTPS', () => {
  it('an authority is believed whose certificate the machine trusts, and no other', async () => {
    const now = new Date();
    const ca = await issueAuthority('localhost', now);
    const leaf = await issueServerCertificate(ca, ['localhost'], now);
    const scene = await AuthorityScene.open({ tls: { cert: leaf.certPem, key: leaf.keyPem } });
    const folder = await mkdtemp(join(tmpdir(), 'tls-'));
    const believing = await ConnectedSide.open(scene.rootStream);
    try {
      const url = `https://localhost:${scene.server.port}`;
      await expect(believing.register(clientOf(url))).rejects.toThrow('certificate is not');
      await writeFile(join(folder, 'ca.pem'), ca.certPem);
      vi.stubEnv('NODE_EXTRA_CA_CERTS', join(folder, 'ca.pem'));
      expect(await believing.register(clientOf(url))).toMatchObject({ origin: 'authority' });
      const otherName = `https://127.0.0.1:${scene.server.port}`;
      await expect(believing.register(clientOf(otherName))).rejects.toThrow('its certificate is for another name');
    } finally {
      await believing.close();
      await scene.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe(HttpClient.name, () => {
  it('goes through the proxy that is configured, but not to this machine itself', async () => {
    const asked: string[] = [];
    const proxy = createServer((_, response) => response.writeHead(500).end());
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const uri = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const http = new HttpClient({ proxy: uri, mayCallOut: () => undefined, userAgent: 'test' });
    const signal = AbortSignal.timeout(10_000);
    await expect(http.json({ method: 'GET', url: 'https://authority.example/x', signal })).rejects.toThrow(
      UpstreamUnreachableError,
    );
    expect(asked).toEqual(['authority.example:443']);
    const local = await listening(json({ here: true }));
    expect(await http.json({ method: 'GET', url: local, signal })).toEqual({ status: 200, json: { here: true } });
    expect(asked).toHaveLength(1);
    await http.close();
    proxy.close();
  });
});
