import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { shown } from '../../integration/https/scene.js';
import { PROGRAM, Scene, until } from './scene.js';

const NOBODY = 65_534;

// A process that gave up root's rights has to be able to read the program.
const canDropRights = process.getuid?.() === 0 && isOpenToAll(PROGRAM);

describe('the process', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });

  afterAll(() => scene.close());

  it('gives a slow reader of a pipe everything, and does not mind one that leaves', async () => {
    const many = Array.from({ length: 2_000 }, () => scene.authority.publisher('testpublisher'));
    const file = await scene.write('many.assert', encodeAssertionStream(many));
    const roots = await scene.write('trusted.assert', scene.authority.rootStream);
    const command = `"${process.execPath}" "${PROGRAM}" assertions verify --format json --extra-root "${roots}" "${file}"`;
    const shell = async (script: string) =>
      promisify(execFile)('bash', ['-o', 'pipefail', '-c', script], { maxBuffer: 1e8 });
    const { stdout } = await shell(`${command} | (sleep 1; cat)`);
    expect((JSON.parse(stdout) as { assertions: unknown[] }).assertions).toHaveLength(2_000);
    const left = await shell(`${command} | head -1`);
    expect(left).toEqual({ stdout: '{\n', stderr: '' });
  });

  it('needs neither a data folder nor a database to verify files', async () => {
    const file = await scene.write('one.assert', scene.authority.publisher('testpublisher').encoded);
    const roots = await scene.write('trusted.assert', scene.authority.rootStream);
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [PROGRAM, '--data-dir', '/nonexistent', ...args], { encoding: 'utf8' });
    const trusted = run('assertions', 'verify', '--extra-root', roots, file);
    expect(trusted).toMatchObject({ status: 0, stdout: 'OK account/testpublisher\n', stderr: '' });
    const foreign = run('assertions', 'verify', file);
    expect(foreign.status).toBe(3);
    expect(foreign.stdout).toMatch(/^REFUSED account\/testpublisher: is signed by /);
    await writeFile(file, 'not an assertion\n');
    expect(run('assertions', 'verify', file).stdout).toMatch(new RegExp(`^REFUSED ${file}: `));

    const snap = await scene.pair('jq', 6);
    const verified = run('bundle', 'verify', '--extra-root', roots, snap);
    expect(verified.status).toBe(0);
    expect(verified.stdout).toMatch(/jq_6\.snap: not signed; 4 OK, 0 refused\n$/);
    const untrusted = run('bundle', 'verify', snap, '--format', 'json');
    expect(untrusted.status).toBe(3);
    expect(JSON.parse(untrusted.stdout)).toMatchObject({ isSound: false });
    expect(run('bundle', 'inspect', snap).stdout).toMatch(
      /jq_6\.snap: snap with its assertions, 1 snap, 3 assertions\n {2}jq /,
    );
    const { content } = scene.signed('jq', 6);
    await writeFile(snap, Buffer.concat([content.subarray(0, -1), Buffer.from([1])]));
    expect(run('bundle', 'verify', '--extra-root', roots, snap)).toMatchObject({
      status: 3,
      stdout: expect.stringMatching(
        /^REFUSED .*jq_6\.snap: no snap-revision that holds speaks of this file$/m,
      ) as unknown,
    });
  });

  it('stops at Ctrl-C with nothing half-done', async () => {
    const snap = await scene.pair('large', 1, { sizeBytes: 256 * 1024 * 1024 });
    const child = scene.start(['push-snap', snap]);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (text.includes('reading')) child.kill('SIGINT');
    });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    expect({ exitCode, stderr: stderr.slice(stderr.indexOf('error:')) }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/^error: .*interrupted by SIGINT.* \(interrupted\)\n$/) as unknown,
    });
    expect(await scene.json('list-pushed-snaps')).toEqual({ snaps: [] });
    expect(await scene.json('gc')).toMatchObject({ blobs: [], stagings: [] });
    expect(await scene.json('verify-store')).toMatchObject({ isSound: true });
  });

  it('reads --config FILE over what is stored, and refuses one that is not there', async () => {
    const file = await scene.write('site.yaml', 'proxy.domain: from.file\n');
    expect(await scene.must('--config', file, 'config', 'proxy.domain')).toBe('from.file\n');
    const missing = await scene.run(['--config', '/no/such.yaml', 'config']);
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toContain('(settings-file-unreadable)');
  });
});

describe.runIf(canDropRights)("root, on somebody else's data folder", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.untouched();
    await mkdir(scene.dataDir, { mode: 0o755 });
    await chown(scene.dataDir, NOBODY, NOBODY);
    await scene.must(
      'config',
      `proxy.trust.extra-roots=${await scene.write('roots.assert', scene.authority.rootStream)}`,
    );
  });

  afterAll(() => scene.close());

  it('becomes its owner, with what only root may read already open', async () => {
    const snap = await scene.pair('secret', 1, {}, 'roots-own');
    const config = await scene.write('roots-own/site.yaml', 'proxy.domain: from.file\n');
    for (const path of [snap, snap.replace(/snap$/, 'assert'), config]) await chmod(path, 0o600);
    await chmod(dirname(snap), 0o700);
    expect(await scene.must('--config', config, 'push-snap', snap)).toContain('Uploaded snap blob');
    expect(await scene.must('verify-store')).toMatch(/everything is sound\n$/);
    expect([...new Set(await ownersUnder(scene.dataDir))]).toEqual([NOBODY]);
  });

  it("listens on root's ports, and serves as its owner", async () => {
    const [port, securePort] = await freePrivilegedPorts();
    await scene.must('config', `proxy.port.https=${securePort}`, 'proxy.domain=localhost');
    const server = await scene.startServer([], {}, port);
    // The port is root's to give, also when its turn comes later.
    await scene.must('import-certificate', '--selfsigned');
    await until(async () => (await shown(securePort)) !== null);
    expect((await fetch(`${server.url}/_status/check`)).ok).toBe(true);
    const list = await readFile(`/proc/${server.child.pid!}/task/${server.child.pid!}/children`, 'utf8');
    const owners = await Promise.all(
      list
        .trim()
        .split(' ')
        .map(async (pid) => (await lstat(`/proc/${pid}`)).uid),
    );
    expect(owners).toEqual([NOBODY]);
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect([...new Set(await ownersUnder(scene.dataDir))]).toEqual([NOBODY]);
  });
});

async function freePrivilegedPorts(): Promise<[number, number]> {
  const port = await freePrivilegedPort(700);
  return [port, await freePrivilegedPort(port + 1)];
}

async function freePrivilegedPort(from: number): Promise<number> {
  for (let port = from; port < 1024; port++) {
    const probe = createServer().listen(port, '127.0.0.1');
    const taken = once(probe, 'error').then(() => true);
    const free = once(probe, 'listening').then(() => false);
    if (await Promise.race([taken, free])) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error("none of root's ports is free");
}

async function ownersUnder(path: string): Promise<number[]> {
  const status = await lstat(path);
  const below = status.isDirectory() ? await readdir(path) : [];
  return [status.uid, ...(await Promise.all(below.map((name) => ownersUnder(join(path, name))))).flat()];
}

/** Whether any user of the machine can read it; a checkout under root's home is out of their reach. */
function isOpenToAll(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return (statSync(path).mode & 0o004) !== 0;
  }
}
