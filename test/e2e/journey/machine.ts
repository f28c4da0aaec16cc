import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import { type Outcome, run, runOrThrow } from '../../device/support/run.js';

export interface MachineOptions {
  /** On the network of the machine that runs the tests, which reaches the internet; else on one of its own that reaches nothing. */
  readonly isOnline?: true;
  /** Has Node.js and npm. */
  readonly hasNode?: true;
  /** Folders of the machine that runs the tests which are there too. */
  readonly sees?: readonly string[];
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly cwd?: string;
}

// The whole file system is a copy that is made where something is written, and gone with the machine.
const SETUP = `
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs run
rm -rf opt usr/local var/snap var/lib/snap-store-proxy root/.cache
mkdir -p opt usr/local/bin
for folder in $SEEN; do mkdir -p "./$folder"; mount --rbind "$folder" "./$folder"; done
if [ "$HAS_NODE" = no ]; then
  rm -rf usr/bin/node usr/bin/nodejs usr/bin/npm usr/bin/npx usr/lib/node_modules
  # Nor the source, nor what it was built to.
  if [ -d ".$CHECKOUT" ]; then mount -t tmpfs tmpfs ".$CHECKOUT"; fi
fi
# Everything here is root's already.
printf '#!/bin/sh\\n[ "$1" = -E ] && shift\\nexec "$@"\\n' >usr/local/bin/sudo
chmod +x usr/local/bin/sudo
[ "$IS_ONLINE" = yes ] || ip link set lo up
echo ready
exec chroot /mnt/root sleep infinity
`;

/** A machine of its own as far as files, processes and (unless it is online) the network go. Its kernel is this one's. */
export class Machine {
  private readonly services: ChildProcess[] = [];

  private constructor(
    readonly name: string,
    private readonly holder: ChildProcess,
    /** Its first process, as this machine numbers it. */
    readonly pid: number,
  ) {}

  static async boot(name: string, options: MachineOptions = {}): Promise<Machine> {
    const { isOnline, hasNode, sees = [] } = options;
    const own = ['--mount', '--pid', '--fork', '--kill-child', ...(isOnline === true ? [] : ['--net'])];
    const holder = spawn('unshare', [...own, 'bash', '-c', SETUP], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        SEEN: sees.join(' '),
        HAS_NODE: hasNode === true ? 'yes' : 'no',
        IS_ONLINE: isOnline === true ? 'yes' : 'no',
        CHECKOUT: process.cwd(),
      },
    });
    let errors = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const first = await createInterface({ input: holder.stdout })[Symbol.asyncIterator]().next();
    if (first.done === true) throw new Error(`the machine "${name}" does not come up: ${errors}`);
    const children = await readFile(`/proc/${holder.pid ?? 0}/task/${holder.pid ?? 0}/children`, 'utf8');
    return new Machine(name, holder, Number(children.trim()));
  }

  /** Runs what somebody types there, as root, and takes down what it says. */
  run(commandLine: string, { env = {}, input, cwd = '/root' }: CommandOptions = {}): Promise<Outcome> {
    const [program, ...args] = this.entering(commandLine, cwd);
    return run(program, args, { env: this.environment(env), ...(input === undefined ? {} : { input }) });
  }

  /** As `run`, for what has to work. @returns what it printed */
  async must(commandLine: string, options: CommandOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(commandLine, options);
    if (exitCode === 0) return stdout;
    throw new Error(`${this.name}: ${commandLine} ended with ${exitCode}\n${stdout}${stderr}`);
  }

  /** Starts what goes on running, and resolves once it has said so. @returns all that it has said until then */
  async start(commandLine: string, says: RegExp, { env = {}, cwd = '/root' }: CommandOptions = {}): Promise<string> {
    const [program, ...args] = this.entering(commandLine, cwd);
    const service = spawn(program, args, { env: this.environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
    this.services.push(service);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (text: string): void => {
        said += text;
        if (says.test(said)) resolve();
      };
      service.stdout.setEncoding('utf8').on('data', hear);
      service.stderr.setEncoding('utf8').on('data', hear);
      service.once('exit', (code) => {
        reject(new Error(`${this.name}: ${commandLine} ended with ${code ?? 'a signal'}\n${said}`));
      });
    });
    return said;
  }

  /** Carries a file's content here. */
  async receive(path: string, content: string | Buffer): Promise<void> {
    await this.must(`mkdir -p "$(dirname ${path})" && cat >${path}`, { input: content });
  }

  /** A cable between two machines: an address at each end, and no way to anywhere else. */
  static async connect(one: Machine, other: Machine, network: string): Promise<{ one: string; other: string }> {
    const ends = { one: `${network}.1`, other: `${network}.2` };
    const link = `c${network.split('.').at(-1) ?? ''}`;
    const peer = ['peer', 'name', link, 'netns', String(other.pid)];
    await one.onNetwork('ip', 'link', 'add', link, 'type', 'veth', ...peer);
    for (const [machine, address] of [
      [one, ends.one],
      [other, ends.other],
    ] as const) {
      await machine.onNetwork('ip', 'address', 'add', `${address}/24`, 'dev', link);
      await machine.onNetwork('ip', 'link', 'set', link, 'up');
    }
    return ends;
  }

  /** What a program of this machine's file system is started with to be on that one's network. */
  get networkLauncher(): readonly string[] {
    return ['nsenter', '--target', String(this.pid), '--net', '--'];
  }

  async shutDown(): Promise<void> {
    if (this.holder.exitCode !== null || this.holder.signalCode !== null) return;
    const ended = once(this.holder, 'exit');
    this.holder.kill('SIGKILL');
    await ended;
    for (const service of this.services) service.kill('SIGKILL');
  }

  private async onNetwork(...command: string[]): Promise<void> {
    const [nsenter = '', ...args] = this.networkLauncher;
    await runOrThrow(nsenter, [...args, ...command]);
  }

  private entering(commandLine: string, cwd: string): [string, ...string[]] {
    const target = ['--target', String(this.pid), '--mount', '--pid', '--net', '--root', `--wdns=${cwd}`];
    return ['nsenter', ...target, '--', 'bash', '-c', commandLine];
  }

  /** The operator's own, without what the tests run with; npm has its settings where this machine has them. */
  private environment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => /^npm_config_(registry|cafile)$/i.test(name));
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    return { ...Object.fromEntries(kept), PATH: path, HOME: '/root', LC_ALL: 'C.UTF-8', ...env };
  }
}
