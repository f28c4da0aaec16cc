import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ImportService } from '../../src/modules/snap-import/index.js';
import { createTestDatabase } from '../support/database.js';
import type { Way } from '../support/running-store.js';
import { type SignedSnap, TestAuthority } from '../support/test-authority.js';
import { openTestStore } from '../support/test-store.js';

/** What the store's process may hold at most; one that wants more ends, and the test with it. */
const HEAP_MIB = 320;

export interface Memory {
  /** What is reachable, JavaScript's and other, after a collection. */
  readonly heldMib: number;
  readonly rssMib: number;
}

/** A store in a process of its own, of which nothing is asked but over its port, and how much memory it has. */
export class FuzzTarget {
  private constructor(
    readonly authority: TestAuthority,
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly said: () => string,
    private readonly leave: () => Promise<void>,
  ) {}

  /** @param snaps what it holds, made by its authority */
  static async open(way: Way, snaps: (authority: TestAuthority) => readonly SignedSnap[]): Promise<FuzzTarget> {
    const database = await createTestDatabase();
    const dataDir = await mkdtemp(join(tmpdir(), 'fuzz-target-'));
    await chmod(dataDir, 0o755);
    const authority = TestAuthority.create();
    const operator = await openTestStore({ uri: database.uri, authority, dataDir });
    for (const signed of snaps(authority)) {
      const path = join(dataDir, 'pairs', `${signed.plan.name}_${signed.plan.revision}`);
      await mkdir(join(dataDir, 'pairs'), { recursive: true });
      await writeFile(`${path}.snap`, signed.content);
      await writeFile(`${path}.assert`, signed.stream);
      await operator.context.get(ImportService).importPath(`${path}.snap`);
    }
    await operator.close();
    let said = '';
    const child = fork(join(import.meta.dirname, 'store-process.mjs'), [way, dataDir, database.uri], {
      execArgv: ['--expose-gc', `--max-old-space-size=${HEAP_MIB}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-4_000)));
    }
    const leave = async (): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    };
    const port = await Promise.race([
      once(child, 'message').then(([message]) => (message as { port: number }).port),
      once(child, 'exit').then(() => null),
    ]);
    if (port === null) {
      await leave();
      throw new Error(`the store does not come up:\n${said}`);
    }
    return new FuzzTarget(authority, port, child, () => said, leave);
  }

  /** @throws Error with its last words where the store has ended */
  async memory(): Promise<Memory> {
    if (!this.child.connected) throw new Error(`the store has ended:\n${this.said()}`);
    this.child.send('memory');
    const [memory] = (await once(this.child, 'message')) as [Memory];
    return memory;
  }

  /** The last of what it wrote to its log. */
  get log(): string {
    return this.said();
  }

  close(): Promise<void> {
    return this.leave();
  }
}
