import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import type { WrittenBundle } from '../../../src/modules/registration/offline-bundle/bundle-file.js';

export interface Ran {
  readonly exitCode: number | null;
  /** What it wrote, to stdout and stderr in turn. */
  readonly output: string;
}

/** The folders of a machine that an ordinary user may install on. */
export class Machine {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Machine> {
    return new Machine(await mkdtemp(join(tmpdir(), 'install-')));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  get prefix(): string {
    return join(this.folder, 'opt');
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  get bin(): string {
    return join(this.folder, 'bin');
  }

  /** As the operator does it: the file is copied here and unpacked. @returns the folder that it unpacks to */
  async unpack(bundle: WrittenBundle): Promise<string> {
    const carried = join(this.folder, 'carried', basename(bundle.path, '.tar.gz'));
    await rm(carried, { recursive: true, force: true });
    await mkdir(carried, { recursive: true });
    await copyFile(bundle.path, join(carried, 'offline-snap-store.tar.gz'));
    await must(run('tar', ['-xzf', 'offline-snap-store.tar.gz'], { cwd: carried }));
    return join(carried, 'offline-snap-store');
  }

  /** Types `./install.sh` in an unpacked folder. */
  install(unpacked: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const own = ['--no-user', '--prefix', this.prefix, '--data-dir', this.data, '--bin-dir', this.bin];
    return run('sh', [join(unpacked, 'install.sh'), ...own, ...args], { env });
  }

  /** What the installed command says its version is; null where there is none that runs. */
  async version(command = 'snap-store-proxy'): Promise<string | null> {
    const { exitCode, output } = await run(join(this.bin, command), ['--version']).catch(() => ({
      exitCode: null,
      output: '',
    }));
    return exitCode === 0 ? output.trim() : null;
  }

  registration(): Promise<string> {
    return readFile(join(this.data, 'registration/registration_bundle.b64'), 'utf8');
  }
}

export async function run(
  program: string,
  args: readonly string[],
  { cwd = '/', env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output };
}

export async function must(running: Promise<Ran>): Promise<string> {
  const { exitCode, output } = await running;
  if (exitCode !== 0) throw new Error(`ended with ${String(exitCode)}\n${output}`);
  return output;
}
