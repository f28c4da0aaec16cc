import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readRefusals, writeModeFile } from '../../../src/platform/egress/index.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const INSTALL = join(ROOT, 'dist/platform/egress/install.js');
const ATTEMPTS = join(ROOT, 'test/support/egress-attempts.mjs');
/** Reserved for documentation: nobody is there. */
const ADDRESS = '192.0.2.1';
const NAME = 'store.invalid';

/** Node.js with the guard as the built program installs it, in a process of its own. */
describe('the egress guard in a process', () => {
  let dataDir: string;

  beforeAll(async () => {
    if (!existsSync(INSTALL)) throw new Error(`${INSTALL} is missing: "npm run build" makes it`);
    dataDir = await mkdtemp(join(tmpdir(), 'egress-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  async function run(script: string, ...args: string[]): Promise<string> {
    return runWith([], script, ...args);
  }

  async function runWith(flags: readonly string[], script: string, ...args: string[]): Promise<string> {
    const guard = [...flags, '--import', pathToFileURL(INSTALL).href];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      ...guard,
      script,
      ...args,
      `--data-dir=${dataDir}`,
    ]);
    expect(stderr).toBe('');
    return stdout;
  }

  async function script(text: string): Promise<string> {
    const path = join(dataDir, 'script.mjs');
    await writeFile(path, text);
    return path;
  }

  it('refuses every way out, in the main thread and in others, without ending the process, and keeps a record', async () => {
    await writeModeFile(dataDir, new Date());
    const outcomes = JSON.parse(await run(ATTEMPTS, ADDRESS, NAME)) as Record<string, string>;
    const expected = Object.keys(outcomes).map((what) => [
      what,
      what === 'net without listener' ? 'done: closed' : 'egress-refused',
    ]);
    expect(outcomes).toEqual(Object.fromEntries(expected));
    expect(expected.length).toBeGreaterThan(35);
    const { count, last } = await readRefusals(dataDir, null);
    expect(count).toBe(expected.length);
    expect(last).toMatchObject({ kind: 'binding', destination: 'tcp_wrap' });
    const log = await readFile(join(dataDir, 'egress-refusals.log'), 'utf8');
    expect(log).toMatch(/"kind":"request".*"caller":"fetch address \(test\/support\/egress-attempts\.mjs:\d+\)"/);
  });

  it('leaves loopback, sockets of this machine and localhost alone', async () => {
    await writeModeFile(dataDir, new Date());
    const server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1');
    await new Promise((ready) => server.once('listening', ready));
    const { port } = server.address() as AddressInfo;
    const path = await script(`
      import net from 'node:net'; import dns from 'node:dns'; import { once } from 'node:events'; import { promisify } from 'node:util';
      for (const host of ['127.0.0.1', 'localhost']) process.stdout.write(await (await fetch(\`http://\${host}:${port}/\`)).text());
      const local = net.createServer((socket) => socket.end('local')).listen(${JSON.stringify(join(dataDir, 'local.sock'))});
      await once(local, 'listening');
      const [data] = await once(net.connect(${JSON.stringify(join(dataDir, 'local.sock'))}), 'data');
      process.stdout.write(String(data));
      local.close();
      process.stdout.write(JSON.stringify([await dns.promises.lookup('localhost', 4), await promisify(dns.lookup)('localhost', { all: true, family: 4 }), await promisify(dns.lookup)('127.0.0.1')]));
      process.exit();`);
    try {
      expect(await run(path)).toBe(
        'hereherelocal' +
          '[{"address":"127.0.0.1","family":4},[{"address":"127.0.0.1","family":4}],{"address":"127.0.0.1","family":4}]',
      );
    } finally {
      server.close();
    }
  });

  it('does nothing while the store is not in air-gapped mode', async () => {
    await writeModeFile(dataDir, null);
    const path = await script(`
      import { execFileSync } from 'node:child_process';
      process.stdout.write(execFileSync('/bin/echo', ['ran']));
      process.exit();`);
    expect(await run(path)).toBe('ran\n');
  });

  it('guards threads also where Node.js was started with options that a thread does not take', async () => {
    await writeModeFile(dataDir, new Date());
    const program = `const { parentPort } = require('node:worker_threads');
      require('node:net').connect(1, '${ADDRESS}').on('error', ({ code }) => parentPort.postMessage(code));`;
    const file = join(dataDir, 'thread.cjs');
    await writeFile(file, program);
    const path = await script(`
      import { Worker } from 'node:worker_threads'; import { once } from 'node:events';
      const threads = [new Worker(${JSON.stringify(program)}, { eval: true }), new Worker(${JSON.stringify(file)})];
      const codes = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0]));
      process.stdout.write(codes.join());
      process.exit();`);
    expect(await runWith(['--max-old-space-size=512'], path)).toBe('egress-refused,egress-refused');
  });

  it('guards a thread that was started before the mode was changed', async () => {
    await writeModeFile(dataDir, null);
    const path = await script(`
      import { Worker } from 'node:worker_threads'; import { once } from 'node:events';
      import { installedGuard } from ${JSON.stringify(pathToFileURL(join(ROOT, 'dist/platform/egress/index.js')).href)};
      const heard = [];
      installedGuard().onRefusal(({ destination }) => heard.push(destination));
      const worker = new Worker(\`
        require('node:worker_threads').parentPort.on('message', () => {
          const socket = require('node:net').connect(1, '${ADDRESS}');
          socket.on('error', ({ code }) => require('node:worker_threads').parentPort.postMessage(code));
          setTimeout(() => socket.destroy(new Error('timeout')), 300);
        });\`, { eval: true });
      await once(worker, 'online');
      installedGuard().set(true);
      worker.postMessage('go');
      const [code] = await once(worker, 'message');
      while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      process.stdout.write(code + ' ' + heard);
      process.exit();`);
    expect(await run(path)).toBe(`egress-refused ${ADDRESS}:1`);
  });
});
