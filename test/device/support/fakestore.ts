import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { decodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { clientHome } from './client.js';
import { freePort } from './store-process.js';

const START_DEADLINE_MS = 20_000;

/** snapd's own test store, an upstream that is not ours. It offers one revision of each snap and has no info endpoint. */
export class Fakestore {
  private readonly offered = new Map<string, string>();

  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(parent: string): Promise<Fakestore> {
    const folder = await mkdtemp(join(parent, 'fakestore-'));
    await mkdir(join(folder, 'asserts'));
    const port = await freePort();
    const child = spawn(join(clientHome, 'bin/fakestore'), ['run', '--dir', folder, '--addr', `127.0.0.1:${port}`], {
      stdio: 'ignore',
    });
    const url = `http://127.0.0.1:${port}`;
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await answers(url))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error('The fakestore does not come up');
      await sleep(50);
    }
    return new Fakestore(folder, child, url);
  }

  /** Offers what a pair holds, in place of the revision of the same snap that was offered before. @param snap `NAME_REV.snap` */
  async offer(snap: string): Promise<void> {
    const file = basename(snap);
    const name = file.slice(0, file.lastIndexOf('_'));
    const former = this.offered.get(name);
    for (const { path, bytes } of await fakestoreFiles(snap)) await writeFile(join(this.folder, path), bytes);
    this.offered.set(name, file);
    if (former !== undefined && former !== file) await rm(join(this.folder, former));
  }

  async close(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }
}

/** What a pair is in a fakestore's folder. @param snap `NAME_REV.snap`, with its assertions beside it */
export async function fakestoreFiles(snap: string): Promise<{ readonly path: string; readonly bytes: Buffer }[]> {
  const assertions = await decodeAssertionStream(await readFile(snap.replace(/\.snap$/, '.assert')));
  return [
    ...assertions.map(({ ref, encoded }) => ({
      path: join('asserts', ref.id.replaceAll('/', '_').slice(0, 200)),
      bytes: Buffer.from(encoded),
    })),
    { path: basename(snap), bytes: await readFile(snap) },
  ];
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
}
