import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority, testSnapId } from '../../support/test-authority.js';
import { ClosedNetwork, STORE, whyNoNetwork } from './network.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const ATTEMPTS = join(ROOT, 'test/support/egress-attempts.mjs');
const REQUESTS = join(ROOT, 'test/support/device-requests.mjs');
const PORT = 8080;
const DEVICE_REQUESTS = 1_000;
const ELSEWHERE = '203.0.113.7';
const UPSTREAM = 'api.snapcraft.io';
/** Each of them alone has to be seen by the counter where the guard is missing. */
const PROOFS = ['net address', 'udp send', 'dns lookup', 'dns Resolver', 'fetch name', 'thread of text', 'spawn node'];

const reason = whyNoNetwork();
if (reason !== null) console.warn(`SKIPPED: a day in a closed network is not tried, because ${reason}`);

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(reason !== null)('a day of an air-gapped store in a closed network', () => {
  const authority = TestAuthority.create();
  let network: ClosedNetwork;
  let database: TestDatabase;
  let folder: string;
  let watched: string;

  beforeAll(async () => {
    if (!existsSync(join(ROOT, 'dist/cli.js'))) throw new Error('dist is missing: "npm run build" makes it');
    folder = await mkdtemp(join(tmpdir(), 'airgap-day-'));
    await chmod(folder, 0o755);
    watched = join(folder, 'incoming');
    await mkdir(watched);
    await mkdir(join(folder, 'attempts'));
    await writeFile(join(folder, 'roots.assert'), authority.rootStream);
    network = await ClosedNetwork.open();
    database = await createTestDatabase();
    const uri = await network.serveDatabase(database.uri);
    await must(
      'config',
      `proxy.db.connection=${uri}`,
      `proxy.trust.extra-roots=${join(folder, 'roots.assert')}`,
      `proxy.domain=${STORE}`,
      `proxy.port.http=${PORT}`,
      `proxy.import.watch=${watched}`,
    );
    await must('generate-keys');
    await must('register', '--self-issued');
  });
  afterAll(async () => {
    await network.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  async function run([command = '', ...args]: string[]): Promise<Outcome> {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } });
    const output = collect(child);
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, ...output };
  }

  const program = (...args: string[]): string[] =>
    network.onStore(process.execPath, join(ROOT, 'dist/cli.js'), '--data-dir', join(folder, 'data'), ...args);

  async function must(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await run(program(...args));
    if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode ?? 'a signal'}\n${stdout}${stderr}`);
    return stdout;
  }

  /** What a failed test has left running would be in the way of the next. */
  const servers = new Set<ChildProcess>();
  afterEach(async () => {
    for (const server of servers) await stop(server);
  });

  async function pair(name: string, into: string): Promise<string> {
    const { content, stream } = authority.snap({ name, snapId: testSnapId(name), revision: 1 });
    await writeFile(join(into, `${name}_1.assert`), stream);
    await writeFile(join(into, `${name}_1.snap`), content);
    return join(into, `${name}_1.snap`);
  }

  async function serve(dist: string, ...args: string[]): Promise<ChildProcess> {
    const [command = '', ...rest] = network.onStore(
      process.execPath,
      '--import',
      pathToFileURL(ATTEMPTS).href,
      join(dist, 'cli.js'),
      '--data-dir',
      join(folder, 'data'),
      'serve',
      '--port',
      String(PORT),
      ...args,
    );
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, EGRESS_ATTEMPTS: join(folder, 'attempts') },
    });
    servers.add(child);
    const output = collect(child);
    await expect
      .poll(() => (child.exitCode === null ? output.stdout : `ended: ${output.stdout}${output.stderr}`), {
        timeout: 60_000,
      })
      .toMatch(/Ctrl-C stops it|^ended/);
    expect(output.stdout).toContain('Ctrl-C stops it');
    return child;
  }

  async function stop(server: ChildProcess): Promise<void> {
    servers.delete(server);
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }

  /** Has a process of the store try to get out. nsenter becomes the program that it starts. */
  async function provoke(pid: number, ways: readonly string[] = []): Promise<Record<string, string>> {
    await writeFile(
      join(folder, 'attempts/ask'),
      `${ELSEWHERE} ${UPSTREAM} ${ways.map((way) => way.replaceAll(' ', '_')).join(',')}`,
    );
    const file = join(folder, `attempts/outcomes-${pid}.json`);
    await rm(file, { force: true });
    process.kill(pid, 'SIGUSR2');
    await expect.poll(() => existsSync(file), { timeout: 60_000 }).toBe(true);
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  }

  async function childrenOf(pid: number): Promise<number[]> {
    const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return list.split(' ').filter(Boolean).map(Number);
  }

  it('sends no packet to anybody but its devices and its database', async () => {
    await must('enable-airgap-mode', '--password', 'correct horse');
    const before = network.packetsOut();
    const server = await serve(join(ROOT, 'dist'), '--workers', '2');
    await must('push-snap', await pair('jq', folder));
    const requests = await run(
      network.onDevice(process.execPath, REQUESTS, `http://${STORE}:${PORT}`, String(DEVICE_REQUESTS)),
    );
    expect(requests).toMatchObject({ exitCode: 0, stdout: JSON.stringify({ 200: DEVICE_REQUESTS }) });
    await pair('watched', watched);
    await expect.poll(() => existsSync(join(watched, 'done')), { timeout: 60_000 }).toBe(true);
    let attempts = 0;
    for (const pid of [server.pid!, ...(await childrenOf(server.pid!))]) {
      const outcomes = await provoke(pid);
      const allowed = Object.entries(outcomes).filter(([, outcome]) => outcome !== 'egress-refused');
      expect(allowed).toEqual([['net without listener', 'done: closed']]);
      attempts += Object.keys(outcomes).length;
    }
    expect(attempts).toBeGreaterThan(100);
    // Commands have the guard too, and the store goes on.
    for (const command of [['doctor'], ['verify-store'], ['gc'], ['list-pushed-snaps']]) await run(program(...command));
    const connections = await must('check-connections');
    expect(connections).toContain(`proxy.upstream: https://${UPSTREAM}: not contacted (air-gapped)`);
    const status = JSON.parse(await must('status', '--format', 'json')) as {
      isAirGapped: boolean;
      services: Record<string, string>;
      policyViolations: { count: number };
    };
    expect(status).toMatchObject({ isAirGapped: true, services: { catalog: 'running', database: 'running' } });
    expect(status.policyViolations.count).toBe(attempts);
    expect(status.services['policy-violations']).toMatch(
      new RegExp(`^${attempts} refused \\(the last at .*, binding tcp_wrap by process\\.binding \\(.*egress-attempts`),
    );
    await stop(server);
    expect(network.packetsOut() - before).toBe(0);
  });

  it('is told from one without the guard by the same counter', async () => {
    const unguarded = join(folder, 'unguarded');
    await cp(join(ROOT, 'dist'), join(unguarded, 'dist'), { recursive: true });
    await cp(join(ROOT, 'package.json'), join(unguarded, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(unguarded, 'node_modules'));
    await writeFile(join(unguarded, 'dist/platform/egress/install.js'), 'export {};\n');
    const server = await serve(join(unguarded, 'dist'));
    for (const way of PROOFS) {
      const before = network.packetsOut();
      await provoke(server.pid!, [way]);
      await expect.poll(() => network.packetsOut() - before, { message: way }).toBeGreaterThan(0);
    }
  });
});

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  return output;
}
