import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { must, run, type Ran } from './machine.js';

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Only root makes namespaces that mount. */
export const canMakeMachines = process.geteuid?.() === 0 && spawnSync('unshare', ['-m', '-n', 'true']).status === 0;

/**
 * Another machine as far as a program can tell: its own /opt, /usr/local, /var, /run and changes to /etc, no way to any network,
 * and no Node.js and no npm.
 */
const SETUP = `
set -e
mount --make-rprivate /
for folder in /opt /usr/local /var /run; do mount -t tmpfs -o mode=755 none $folder; done
mkdir -p /usr/local/bin /usr/local/lib /var/lib /var/tmp /var/log /opt/.etc/upper /opt/.etc/work
mount -t overlay none -o lowerdir=/etc,upperdir=/opt/.etc/upper,workdir=/opt/.etc/work /etc 2>/dev/null || {
  cp -a /etc /opt/.etc/copy
  mount --bind /opt/.etc/copy /etc
}
for program in node nodejs npm npx; do
  for folder in /usr/bin /bin /usr/sbin; do
    if [ -e $folder/$program ]; then mount --bind /dev/null "$(readlink -f $folder/$program)"; fi
  done
done
if command -v ip >/dev/null; then ip link set lo up; fi
echo ready
exec sleep 3600
`;

export class ClosedMachine {
  private constructor(private readonly holder: ChildProcess) {}

  static async start(): Promise<ClosedMachine> {
    const holder = spawn('unshare', ['-m', '-n', 'sh', '-c', SETUP], {
      env: { PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [text] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')])) as [unknown];
    if (String(text) !== 'ready\n') throw new Error('the machine could not be made');
    return new ClosedMachine(holder);
  }

  async stop(): Promise<void> {
    this.holder.kill('SIGKILL');
    await once(this.holder, 'close');
  }

  /** What an operator types there, as root. */
  type(command: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return run('nsenter', [...this.entering, 'sh', '-c', command], { env: { PATH, ...env } });
  }

  must(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    return must(this.type(command, env));
  }

  /** Something that goes on running, such as the store. @returns how to end it */
  async background(command: string, isReady: (output: string) => boolean): Promise<() => Promise<string>> {
    const child = spawn('nsenter', [...this.entering, 'sh', '-c', `exec ${command}`], {
      cwd: '/',
      env: { PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const ended = once(child, 'close');
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (isReady(output)) resolve();
        });
      }
      child.once('close', () => {
        reject(new Error(`"${command}" ended\n${output}`));
      });
    });
    return async () => {
      child.kill('SIGTERM');
      await ended;
      return output;
    };
  }

  private get entering(): string[] {
    const pid = this.holder.pid ?? 0;
    return [`--mount=/proc/${pid}/ns/mnt`, `--net=/proc/${pid}/ns/net`, '--'];
  }
}
