import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import type { CommandLineIo, TextSink } from '../../../src/cli/io.js';
import { runCommandLine } from '../../../src/cli/main.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority, testSnapId, type SignedSnap, type TestSnapPlan } from '../../support/test-authority.js';

/** The built program, or another build of it. */
export const PROGRAM = process.env.SNAP_STORE_TEST_PROGRAM ?? join(import.meta.dirname, '../../../dist/cli.js');

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Where commands run: each in a process of its own, which is the built program; or in this one, for the many that are about what a
 * command says and does, and not about processes. Nothing is logged in this one, and nothing guards the ways out of it.
 */
export type Where = 'process' | 'here';

/** An installation that commands are typed at: a data folder, a database of its own, and a root of trust that the test owns. */
export class Scene {
  private constructor(
    readonly folder: string,
    readonly authority: TestAuthority,
    private readonly database: TestDatabase | null,
    private readonly where: Where,
  ) {}

  /** With the settings that it needs stored. */
  static async open(where: Where = 'process'): Promise<Scene> {
    const scene = await Scene.make(await createTestDatabase(), where);
    const roots = await scene.write('roots.assert', scene.authority.rootStream);
    const settings = [
      `proxy.db.connection=${scene.uri}`,
      `proxy.trust.extra-roots=${roots}`,
      `proxy.port.http=${await freePort()}`,
    ];
    await scene.must('config', ...settings);
    return scene;
  }

  /** As it is before anybody has typed anything. */
  static async untouched(where: Where = 'process'): Promise<Scene> {
    return Scene.make(null, where);
  }

  private static async make(database: TestDatabase | null, where: Where): Promise<Scene> {
    const folder = await mkdtemp(join(tmpdir(), 'e2e-cli-'));
    await chmod(folder, 0o755);
    return new Scene(folder, TestAuthority.create(), database, where);
  }

  get uri(): string {
    if (this.database === null) throw new Error('this scene has no database of its own');
    return this.database.uri;
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  async close(): Promise<void> {
    await this.database?.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async write(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  signed(name: string, revision: number, plan: Partial<TestSnapPlan> = {}): SignedSnap {
    return this.authority.snap({ name, snapId: testSnapId(name), revision, ...plan });
  }

  /** As `snap download` writes it. @returns the path of the snap */
  async pair(name: string, revision: number, plan: Partial<TestSnapPlan> = {}, folder = 'pairs'): Promise<string> {
    await mkdir(join(this.folder, folder), { recursive: true });
    const { content, stream } = this.signed(name, revision, plan);
    await this.write(`${folder}/${name}_${revision}.assert`, stream);
    return this.write(`${folder}/${name}_${revision}.snap`, content);
  }

  start(args: readonly string[], { env = {} }: RunOptions = {}): ChildProcess {
    return spawn(process.execPath, [PROGRAM, '--data-dir', this.dataDir, ...args], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, HOME: this.folder, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    if (this.where === 'here') return runHere(['--data-dir', this.dataDir, ...args], options);
    const child = this.start(args, options);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.stdin ?? '');
    const output = collect(child);
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, ...output };
  }

  /** Runs a command that has to work. @returns what it printed */
  async must(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(args);
    if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode ?? 'a signal'}\n${stdout}${stderr}`);
    return stdout;
  }

  async json(...args: string[]): Promise<unknown> {
    return JSON.parse(await this.must(...args, '--format', 'json'));
  }

  async startServer(
    args: readonly string[] = [],
    options: RunOptions = {},
    given: number | null = null,
  ): Promise<ServerUnderTest> {
    const port = given ?? (await freePort());
    const child = this.start(['serve', '--host', '127.0.0.1', '--port', String(port), ...args], options);
    const output = collect(child);
    const ended = once(child, 'close') as Promise<[number | null]>;
    const server: ServerUnderTest = {
      child,
      port,
      url: `http://127.0.0.1:${port}`,
      output,
      ended: ended.then(([exitCode]) => exitCode),
    };
    await until(() => {
      if (child.exitCode !== null)
        throw new Error(`serve ended with ${child.exitCode}\n${output.stdout}${output.stderr}`);
      return output.stdout.includes('Ctrl-C stops it') || output.stdout.includes('"listening"');
    });
    return server;
  }
}

/** As a process would run it whose input and output are pipes. */
async function runHere(args: readonly string[], { stdin = '', env = {} }: RunOptions): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof output): TextSink => ({
    isTerminal: false,
    hasColor: false,
    write: (text) => (output[name] += text),
    flush: () => Promise.resolve(),
  });
  const io: CommandLineIo = {
    stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    progressColumns: () => null,
    signal: new AbortController().signal,
  };
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    const exitCode = await runCommandLine(args, io);
    return { exitCode, ...output };
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}

export interface ServerUnderTest {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
}

/** Waits for something to become true; the test's own time limit ends the wait. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  return output;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
