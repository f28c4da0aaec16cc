import { createServer } from 'node:net';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { freePort, Scene, until } from './scene.js';

describe('serve', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });

  afterAll(() => scene.close());

  const answers = async (url: string): Promise<boolean> => {
    try {
      return (await fetch(`${url}/_status/check`)).ok;
    } catch {
      return false;
    }
  };

  it('says where it listens, what it holds and what to type next, is found by status and doctor, and stops cleanly', async () => {
    const server = await scene.startServer();
    expect(server.output.stdout.split('\n').slice(0, 2)).toEqual([
      `The store listens on ${server.url}`,
      `It holds 0 snaps (0 revisions, 0 B) in ${scene.dataDir}`,
    ]);
    expect(server.output.stdout).toMatch(/^Next, bring in snaps: {2}(npx )?snap-store-proxy push-snap FILE/m);
    expect(await answers(server.url)).toBe(true);
    const status = parse(await scene.must('status')) as Record<string, unknown>;
    expect(status).toMatchObject({
      'Store URL': server.url,
      'Internal Service Status': { catalog: 'running', database: 'running' },
    });
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect(server.output.stdout).toMatch(/Stopped\.\n$/);
    expect(parse(await scene.must('status'))).toMatchObject({ 'Internal Service Status': { catalog: 'not running' } });
  });

  it('shows at once what another process pushes, and counts it at its next start', async () => {
    const server = await scene.startServer(['--format', 'json']);
    expect(JSON.parse(server.output.stdout)).toMatchObject({
      listening: { urls: [server.url], address: { port: server.port }, holdings: { snaps: 0 } },
    });
    const info = async (): Promise<number> => {
      const headers = { 'Snap-Device-Series': '16' };
      return (await fetch(`${server.url}/v2/snaps/info/jq?architecture=amd64`, { headers })).status;
    };
    expect(await info()).toBe(404);
    await scene.must('push-snap', await scene.pair('jq', 6));
    await until(async () => (await info()) === 200);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    const again = await scene.startServer();
    expect(again.output.stdout).toMatch(/^It holds 1 snap \(1 revision, 16\.0 KiB\)/m);
    expect(again.output.stdout).toContain(`SNAPPY_FORCE_API_URL=${again.url}`);
    again.child.kill('SIGINT');
    expect(await again.ended).toBe(0);
  });

  it('follows settings that are changed meanwhile', async () => {
    const server = await scene.startServer();
    const downloadUrl = async (): Promise<string> => {
      const headers = { 'Snap-Device-Series': '16' };
      const answer = await fetch(`${server.url}/v2/snaps/info/jq?architecture=amd64&fields=download`, { headers });
      const body = (await answer.json()) as { 'channel-map': { download: { url: string } }[] };
      return body['channel-map'][0]!.download.url;
    };
    expect(await downloadUrl()).toMatch(server.url);
    await scene.must('config', 'proxy.public-url=https://front.internal');
    await until(async () => (await downloadUrl()).startsWith('https://front.internal/'));
    await scene.must('config', 'proxy.public-url=');
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      for (const workers of [[], ['--workers', '2']]) {
        const { exitCode, stderr } = await scene.run([
          'serve',
          '--host',
          '127.0.0.1',
          '--port',
          String(port),
          ...workers,
        ]);
        expect(exitCode).toBe(1);
        expect(stderr).toContain(`error: port ${port} on 127.0.0.1 is taken by another program (port-in-use)\n`);
      }
      await scene.must('config', `proxy.port.http=${port}`, 'proxy.ipaddress=127.0.0.1');
      const doctor = await scene.run(['doctor']);
      expect(doctor.stdout).toContain(`FAILED port: ${port} is taken by another program\n`);
    } finally {
      other.close();
    }
  });

  /** Whichever worker answers a request, and whichever is asked for the metrics. */
  const expectMetricsOfAll = async (url: string, port: number): Promise<void> => {
    const counted = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const [, count] =
        /^snap_store_requests_total\{[^}]*route="\/v2\/snaps\/categories"[^}]*\} (\d+)$/m.exec(text) ?? [];
      return Number(count ?? 0);
    };
    await until(async () => (await counted()) === 0);
    for (let asked = 0; asked < 12; asked++)
      await fetch(`${url}/v2/snaps/categories`, { headers: { connection: 'close' } });
    for (let scrape = 0; scrape < 4; scrape++) expect(await counted()).toBe(12);
  };

  it('shares its port among workers, replaces one that dies, and leaves none behind', async () => {
    const metrics = await freePort();
    await scene.must('config', `proxy.metrics.listen=127.0.0.1:${metrics}`);
    const server = await scene.startServer(['--workers', '2']);
    const workers = async (): Promise<number[]> => {
      const list = await readFile(`/proc/${server.child.pid!}/task/${server.child.pid!}/children`, 'utf8');
      return list.split(' ').filter(Boolean).map(Number);
    };
    const [first, second] = await workers();
    expect([first, second].every((pid) => pid !== undefined)).toBe(true);
    process.kill(first!, 'SIGKILL');
    await until(async () => {
      const now = await workers();
      return now.length === 2 && !now.includes(first!);
    });
    expect(await answers(server.url)).toBe(true);
    await expectMetricsOfAll(server.url, metrics);
    const last = await workers();
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect(server.output.stderr).toContain(`worker ${first!} has died; another one takes its place`);
    for (const pid of last) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('ends its workers even when it is killed itself', async () => {
    const server = await scene.startServer(['--workers', '2']);
    const list = await readFile(`/proc/${server.child.pid!}/task/${server.child.pid!}/children`, 'utf8');
    const workers = list.split(' ').filter(Boolean).map(Number);
    expect(workers).toHaveLength(2);
    server.child.kill('SIGKILL');
    await until(() => workers.every((pid) => !isAlive(pid)));
    expect(await answers(server.url)).toBe(false);
    // What it has left behind misleads nobody.
    expect(await scene.json('status')).toMatchObject({ services: { catalog: 'not running' } });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
