import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { clientScripts } from './client.js';
import type { Outcome } from './run.js';

// Runs each command that arrives, ended by a NUL, with files for its output, and prints its exit code.
const COMMAND_LOOP = `
while IFS= read -r -d '' command; do
  bash -c "$command" >"$DEVICE_ROOM/stdout" 2>"$DEVICE_ROOM/stderr" </dev/null
  echo "$?"
done`;

export interface DeviceOptions {
  /** Further settings of the daemon and of every command. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Becomes /var/lib/snapd/seed. */
  readonly seed?: string;
  /** What its process is started with, such as `nsenter`, where it is not to be on this machine's network. */
  readonly launcher?: readonly string[];
}

/** A daemon without snaps ends itself after a while; on a real device systemd holds its socket meanwhile. */
const NO_SOCKET = /dial unix \/run\/snapd\S*: connect: no such file or directory/;
const MAX_ATTEMPTS = 10;

/** A throw-away device with a real snapd. It keeps its state from one command to the next until it is closed. */
export class Device {
  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
    private readonly answers: AsyncIterator<string>,
    private readonly room: string,
    private readonly startupErrors: () => string,
  ) {}

  /**
   * @param folder where the device's output files go
   * @param storeUrl where its store is, by environment; null to leave it at that
   */
  static async start(folder: string, storeUrl: string | null, options: DeviceOptions = {}): Promise<Device> {
    const room = await mkdtemp(join(folder, 'device-'));
    await writeFile(join(room, 'daemon.log'), '');
    const settings = {
      ...(storeUrl === null ? {} : { SNAPPY_FORCE_API_URL: storeUrl }),
      DEVICE_LOG: join(room, 'daemon.log'),
      DEVICE_ROOM: room,
      ...(options.seed === undefined ? {} : { DEVICE_SEED: options.seed }),
      ...options.settings,
    };
    const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const [program, ...args] = [...(options.launcher ?? []), clientScripts.device];
    const child = spawn(program, [...args, ...assignments, 'bash', '-c', COMMAND_LOOP], {
      cwd: room,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    // A device that ended shows when the next answer does not come.
    child.stdin.on('error', () => undefined);
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const device = new Device(child, answers, room, () => errors);
    await device.must('snap version');
    return device;
  }

  /** Runs a shell command on the device; `snap` is on its PATH, its working folder stays the same. */
  async run(command: string): Promise<Outcome> {
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.runOnce(command);
      if (attempt === MAX_ATTEMPTS || !NO_SOCKET.test(outcome.stderr)) return outcome;
      await sleep(500);
    }
  }

  private async runOnce(command: string): Promise<Outcome> {
    this.child.stdin.write(`${command}\0`);
    const answer = await this.answers.next();
    if (answer.done === true) throw new Error(`The device is gone: ${this.startupErrors()}\n${await this.daemonLog()}`);
    const [stdout, stderr] = await Promise.all(
      ['stdout', 'stderr'].map((name) => readFile(join(this.room, name), 'utf8')),
    );
    return { exitCode: Number(answer.value), stdout: withoutLogLines(stdout!), stderr: withoutLogLines(stderr!) };
  }

  /** Runs a command that has to work. @returns what it printed */
  async must(command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(command);
    if (exitCode === 0) return stdout;
    const log = (await this.daemonLog()).split('\n').slice(-30).join('\n');
    throw new Error(`${command} ended with ${exitCode}\n${stdout}${stderr}\nthe daemon's last lines:\n${log}`);
  }

  /** The installed snaps as `snap list` shows them, by instance name. */
  async installed(): Promise<Record<string, InstalledSnap>> {
    const { exitCode, stdout } = await this.run('snap list --unicode=never');
    if (exitCode !== 0 || stdout === '') return {};
    const rows = stdout.trimEnd().split('\n').slice(1);
    return Object.fromEntries(
      rows.map((row) => {
        const [name = '', version = '', revision = '', tracking = '', publisher = '', notes = ''] = row.split(/\s+/);
        return [name, { version, revision, tracking, publisher, notes }];
      }),
    );
  }

  /** Everything that the device's daemon printed so far. */
  daemonLog(): Promise<string> {
    return readFile(join(this.room, 'daemon.log'), 'utf8');
  }

  /** Where the device's commands start, seen from outside. */
  get folder(): string {
    return this.room;
  }

  /** Ends the device; all that ran on it ends too. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    // Its end takes the first process of the namespace with it, and that takes all the others.
    this.child.kill('SIGKILL');
    await ended;
  }
}

export interface InstalledSnap {
  readonly version: string;
  readonly revision: string;
  readonly tracking: string;
  readonly publisher: string;
  readonly notes: string;
}

/** On a slow machine `snap` says between its lines that it waits for the daemon to restart. */
function withoutLogLines(text: string): string {
  return text.replace(/^\d{4}-\d\d-\d\dT\S+ INFO .*\n/gm, '');
}
