import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { makeCertificate, makeChain, type TestCertificate } from '../../support/certificates.js';
import { shown } from '../../integration/https/scene.js';
import { freePort, Scene, type ServerUnderTest, until } from './scene.js';

const DOMAIN = 'snaps.internal';
const DAY_MS = 24 * 60 * 60 * 1000;

const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256;

describe('HTTPS, typed at', () => {
  let scene: Scene;
  let port: number;
  let good: TestCertificate;
  let server: ServerUnderTest | null = null;

  beforeAll(async () => {
    scene = await Scene.open();
    port = await freePort();
    await scene.must('config', `proxy.port.https=${port}`, `proxy.domain=${DOMAIN}`);
    good = await makeCertificate({ name: 'good', dns: [DOMAIN] });
  });

  afterAll(() => scene.close());

  afterEach(async () => {
    server?.child.kill('SIGINT');
    await server?.ended;
    server = null;
    await scene.must('config', 'proxy.tls.key=', 'proxy.tls.cert=', `proxy.domain=${DOMAIN}`);
  });

  const importing = (stdin: string, ...more: string[]) => scene.run(['import-certificate', ...more], { stdin });

  const health = async (ca: string): Promise<number | undefined> => {
    const options = { host: '127.0.0.1', port, servername: DOMAIN, ca, path: '/_status/check', agent: false } as const;
    const [response] = (await once(request(options).end(), 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };

  it('takes a chain from a pipe, and says what it is for and until when', async () => {
    const { intermediate, leaf } = await makeChain({ name: DOMAIN, dns: [DOMAIN, 'store.internal'] });
    const { exitCode, stdout, stderr } = await importing(leaf.keyPem + intermediate.pem + leaf.pem);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /^The certificate for snaps\.internal, store\.internal is in use, issued by Test intermediate, valid until \d{4}-\d\d-\d\d\.\n$/,
    );
    const other = await importing(good.pem + good.keyPem, '--format', 'json');
    expect(JSON.parse(other.stdout)).toMatchObject({
      certificate: { names: [DOMAIN], issuer: 'itself', fingerprint256: fingerprint(good.pem) },
      warnings: [],
    });
  });

  it.each<[string, () => string | Promise<string>, string]>([
    ['nothing', () => '', 'there is no PEM in the input: a certificate and its private key are needed'],
    ['half of it', () => good.pem, 'there is a certificate, but no private key'],
    [
      'what is for another domain',
      async () => {
        const other = await makeCertificate({ name: 'other', dns: ['other.internal'] });
        return other.pem + other.keyPem;
      },
      'the certificate is for other.internal, and proxy.domain is snaps.internal',
    ],
  ])('refuses %s, and keeps what it has', async (_what, make, message) => {
    await importing(good.pem + good.keyPem);
    const { exitCode, stdout, stderr } = await importing(await make());
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: `error: ${message} (certificate-refused)\n`,
    });
    expect(await scene.must('config', 'proxy.tls.cert')).toBe(good.pem);
  });

  it('prints the authority of a certificate that it made, and nothing but that, where it may be redirected', async () => {
    const first = await scene.run(['import-certificate', '--selfsigned']);
    expect(first.stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
    expect(first.stderr).toContain('snap set system store-certs.snap-store-proxy="$(cat FILE)"');
    const second = await scene.run(['import-certificate', '--selfsigned', '--format', 'json']);
    expect(JSON.parse(second.stdout)).toMatchObject({ caPem: first.stdout, isNewAuthority: false });
    await scene.must('config', 'proxy.domain=');
    const third = await scene.run(['import-certificate', '--selfsigned']);
    expect(third).toMatchObject({ exitCode: 2, stdout: '' });
    expect(third.stderr).toMatch(
      /proxy\.domain is not set.*\(domain-not-set\)\nhint: "snap-store-proxy config proxy\.domain=/,
    );
  });

  it('announces HTTPS, and is taken up, renewed and left by a running server', async () => {
    server = await scene.startServer();
    expect(server.output.stdout).toMatch(new RegExp(`^The store listens on http://${DOMAIN}:${server.port}\\n`));
    const ca = await scene.must('import-certificate', '--selfsigned');
    await until(async () => (await shown(port)) !== null);
    expect(await health(ca)).toBe(200);
    const answer = await fetch(`${server.url}/v2/snaps/info/jq`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe(`https://${DOMAIN}:${port}/v2/snaps/info/jq`);
    await importing(good.pem + good.keyPem);
    await until(async () => (await shown(port)) === fingerprint(good.pem));
    await scene.must('config', 'proxy.tls.key=');
    await until(async () => (await shown(port)) === null);
    expect((await fetch(`${server.url}/_status/check`)).status).toBe(200);
    expect((await fetch(server.url, { redirect: 'manual' })).status).toBe(200);
  });

  it('is announced by a server that starts with it', async () => {
    await importing(good.pem + good.keyPem);
    server = await scene.startServer();
    expect(server.output.stdout.split('\n').slice(0, 2)).toEqual([
      `The store listens on https://${DOMAIN}:${port}`,
      `HTTP on port ${server.port} leads there`,
    ]);
    expect(await health(good.pem)).toBe(200);
  });

  it('is taken up by every worker, and by the one that takes the place of a dead one', async () => {
    server = await scene.startServer(['--workers', '2']);
    const serverPid = server.child.pid!;
    const workers = async (): Promise<number[]> => {
      const list = await readFile(`/proc/${serverPid}/task/${serverPid}/children`, 'utf8');
      return list.split(' ').filter(Boolean).map(Number);
    };
    const everyAnswer = async (): Promise<Set<string | null>> =>
      new Set(await Promise.all(Array.from({ length: 12 }, () => shown(port))));
    const isOnly = async (pem: string): Promise<boolean> => {
      const answers = await everyAnswer();
      return answers.size === 1 && answers.has(fingerprint(pem));
    };
    await importing(good.pem + good.keyPem);
    await until(() => isOnly(good.pem));
    const next = await makeCertificate({ name: 'next', dns: [DOMAIN] });
    await importing(next.pem + next.keyPem);
    await until(() => isOnly(next.pem));
    const [first] = await workers();
    process.kill(first!, 'SIGKILL');
    await until(async () => {
      const now = await workers();
      return now.length === 2 && !now.includes(first!);
    });
    await until(() => isOnly(next.pem));
  });

  it('says which port is taken', async () => {
    await importing(good.pem + good.keyPem);
    server = await scene.startServer();
    for (const workers of [[], ['--workers', '2']]) {
      const args = ['serve', '--host', '127.0.0.1', '--port', String(await freePort()), ...workers];
      const { exitCode, stderr } = await scene.run(args);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`error: port ${port} on 127.0.0.1 is taken by another program (port-in-use)\n`);
    }
  });

  it('is looked at by doctor', async () => {
    const doctor = async (): Promise<string> => (await scene.run(['doctor'])).stdout;
    expect(await doctor()).toContain('OK https: off; "snap-store-proxy import-certificate" turns it on\n');
    await importing(good.pem + good.keyPem);
    expect(await doctor()).toMatch(/^OK https: for snaps\.internal, until \d{4}-\d\d-\d\d\nOK/m);
    expect(await doctor()).toContain(`OK https-port: ${port} is free\n`);
    await scene.must('config', 'proxy.domain=moved.internal');
    expect(await doctor()).toContain(
      'FAILED https: the certificate is for snaps.internal, and proxy.domain is moved.internal\n',
    );
    await scene.must('config', `proxy.domain=${DOMAIN}`);
    const soon = await makeCertificate({ name: 'soon', dns: [DOMAIN], to: new Date(Date.now() + 20.5 * DAY_MS) });
    const { stderr } = await importing(soon.pem + soon.keyPem);
    expect(stderr).toMatch(/^note: the certificate of "soon" expires in 20 days, on /);
    expect(await doctor()).toMatch(/^WARNING https: the certificate of "soon" expires in 20 days, on /m);
    await scene.must('config', 'proxy.tls.cert=');
    expect(await doctor()).toContain('WARNING https: proxy.tls.key is set without proxy.tls.cert\n');
  });

  it('may be set as settings, which go together or not at all, and of which the key is shown nowhere', async () => {
    const other = await makeCertificate({ name: 'other', dns: [DOMAIN] });
    const secret = good.keyPem.split('\n')[1]!;
    const set = await scene.run(['config', `proxy.tls.cert=${good.pem}`, `proxy.tls.key=${good.keyPem}`]);
    expect(set).toMatchObject({ exitCode: 0 });
    const wrong = await scene.run(['config', `proxy.tls.cert=${other.pem}`]);
    expect(wrong).toMatchObject({ exitCode: 3 });
    expect(wrong.stderr).toMatch(
      /^error: piece 2 .* does not belong to piece 1 .* of "other" \(certificate-refused\)\n$/,
    );
    const listing = await scene.must('config');
    expect(listing).toContain('proxy.tls.cert: <1 certificate>  # stored\n');
    expect(listing).toContain('proxy.tls.key: <redacted>  # stored\n');
    const shownKey = await scene.run(['config', 'proxy.tls.key']);
    const exported = await scene.must('config', '--export-yaml');
    for (const text of [set.stdout, set.stderr, wrong.stderr, listing, shownKey.stdout, shownKey.stderr, exported]) {
      expect(text).not.toContain('BEGIN PRIVATE KEY');
      expect(text).not.toContain(secret);
    }
    await scene.must('config', 'proxy.tls.key=', 'proxy.tls.cert=');
    expect(await scene.run(['config', '--import-yaml'], { stdin: exported })).toMatchObject({ exitCode: 0 });
    server = await scene.startServer();
    expect(await health(good.pem)).toBe(200);
  });

  it('may come from the environment for one process', async () => {
    server = await scene.startServer([], { env: { PROXY_TLS_CERT: good.pem, PROXY_TLS_KEY: good.keyPem } });
    expect(await health(good.pem)).toBe(200);
    expect(await scene.must('config', 'proxy.tls.cert')).toBe('\n');
  });

  it('is in the script for devices, which needs a domain', async () => {
    const ca = await scene.must('import-certificate', '--selfsigned');
    const script = await scene.must('client-config');
    expect(script).toMatch(/^#!\/bin\/sh\n/);
    expect(script).toContain(`STORE_URL='https://${DOMAIN}:${port}'\n`);
    expect(script).toContain(ca);
    expect(await scene.json('client-config', '--device', 'core')).toMatchObject({
      device: 'core',
      url: `https://${DOMAIN}:${port}`,
      script: expect.not.stringContaining('/etc/profile.d') as string,
    });
    expect(await scene.run(['client-config', '--device', 'phone'])).toMatchObject({ exitCode: 2 });
    await scene.must('config', 'proxy.domain=');
    expect(await scene.run(['client-config'])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
