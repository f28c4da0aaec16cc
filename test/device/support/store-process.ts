import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { copyTestRoot } from './client.js';
import { processesNaming } from './leftovers.js';
import { type Outcome, run } from './run.js';
import { LackingStore, parseLack } from './without.js';

/** The program under test: what `npm run build` made of this checkout, or another build of it. */
const program = process.env.SNAP_STORE_TEST_PROGRAM ?? join(import.meta.dirname, '../../../dist/cli.js');

/** What this run is to do without: a test that shows it has to fail (see README.md). */
const WITHOUT = process.env.SNAP_STORE_TEST_WITHOUT;

const START_DEADLINE_MS = 120_000;

/** A real store: the built program as an operator runs it, with a data folder of its own and the test root trusted. */
export class StoreProcess {
  private server: ChildProcess | null = null;
  private said = '';

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly lacking: { readonly store: LackingStore; readonly realPort: number } | null,
  ) {}

  static async inFolder(folder: string): Promise<StoreProcess> {
    const port = await freePort();
    if (WITHOUT === undefined) return new StoreProcess(folder, port, null);
    const realPort = await freePort();
    const store = await LackingStore.open(port, realPort, parseLack(WITHOUT));
    return new StoreProcess(folder, port, { store, realPort });
  }

  /** Has the store trust snapd's public test root, in the way that an operator would. */
  async trustTestRoot(): Promise<void> {
    const roots = await copyTestRoot(join(this.folder, 'roots'));
    await this.must('config', `proxy.trust.extra-roots=${roots.join(',')}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** All that the server printed so far. */
  get output(): string {
    return this.said;
  }

  /** Runs one of the operator's commands on this store's data. */
  command(...args: string[]): Promise<Outcome> {
    return this.commandWith('', ...args);
  }

  /** As `command`, with something on standard input. */
  commandWith(input: string, ...args: string[]): Promise<Outcome> {
    return run(process.execPath, [program, '--data-dir', this.dataDir, ...args], { cwd: this.folder, input });
  }

  /** Runs a command that has to work. @returns what it printed */
  async must(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.command(...args);
    if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  }

  async start(): Promise<void> {
    const port = String(this.lacking?.realPort ?? this.port);
    const server = spawn(
      process.execPath,
      [program, '--data-dir', this.dataDir, 'serve', '--host', '127.0.0.1', '--port', port],
      { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.server = server;
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    }
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await this.answers())) {
      if (server.exitCode !== null || server.signalCode !== null || Date.now() > deadline) {
        throw new Error(`The store does not come up:\n${this.said}`);
      }
      await sleep(50);
    }
  }

  /** Stops the server as Ctrl-C does. */
  async stop(): Promise<void> {
    const { server } = this;
    if (server === null) return;
    this.server = null;
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
    }
    if (server.exitCode !== 0) {
      throw new Error(`The store ended with ${server.exitCode ?? server.signalCode ?? '?'}:\n${this.said}`);
    }
  }

  /** Ends the server as a power cut does. */
  async kill(): Promise<void> {
    const { server } = this;
    if (server === null) return;
    this.server = null;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  /** Stops everything; an error where something of the store goes on running. */
  async destroy(): Promise<void> {
    let failure: unknown;
    await this.stop().catch((error: unknown) => (failure = error));
    await this.lacking?.store.close();
    const left = await processesNaming(this.dataDir);
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself in between.
      }
    }
    if (failure !== undefined) throw failure as Error;
    if (left.length > 0) throw new Error(`The store left behind:\n${left.map(({ command }) => command).join('\n')}`);
  }

  private async answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/_status/check`)).ok;
    } catch {
      return false;
    }
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
