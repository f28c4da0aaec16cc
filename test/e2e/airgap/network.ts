import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type Server } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseConnectionUri } from '../../../src/platform/database/connection.js';

export const STORE = '10.99.0.1';
/** A name that only this network knows, and the server behind it. */
export const DATABASE_HOST = 'db.internal';
const DATABASE_ADDRESS = '10.99.1.9';
/** Where whatever leaves the closed network is sent: nobody is there. */
const GATEWAY = '10.99.9.2';
const RESOLVER = '203.0.113.53';

/** Null where it can be made, else why not. */
export function whyNoNetwork(): string | null {
  if (process.geteuid?.() !== 0) return 'it needs root';
  for (const program of ['ip', 'unshare', 'nsenter', 'mount'])
    if (spawnSync(program, ['--help']).error !== undefined) return `it needs the program "${program}"`;
  const probe = spawnSync('unshare', [
    '-n',
    '-m',
    'ip',
    'link',
    'add',
    'probe0',
    'type',
    'veth',
    'peer',
    'name',
    'probe1',
  ]);
  return probe.status === 0 ? null : `network namespaces cannot be made: ${String(probe.stderr).trim()}`;
}

/**
 * A store's machine in a network of its own: one link to its devices, one to its database server, and one on which everything
 * else goes, the resolver of the machine included. That last one counts packets.
 */
export class ClosedNetwork {
  private relay: ChildProcess | null = null;
  private toDatabase: Server | null = null;

  private constructor(
    private readonly store: ChildProcess,
    private readonly others: ChildProcess,
    private readonly folder: string,
  ) {}

  static async open(): Promise<ClosedNetwork> {
    const folder = await mkdtemp(join(tmpdir(), 'network-'));
    const store = spawn('unshare', ['-n', '-m', 'sleep', 'infinity'], { stdio: 'ignore' });
    const others = spawn('unshare', ['-n', 'sleep', 'infinity'], { stdio: 'ignore' });
    const network = new ClosedNetwork(store, others, folder);
    await network.settle(store, others);
    await network.build();
    return network;
  }

  async close(): Promise<void> {
    this.toDatabase?.close();
    for (const child of [this.relay, this.store, this.others]) {
      if (child?.exitCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What makes a command one of the store's machine. */
  onStore(...command: string[]): string[] {
    return ['nsenter', ...namespaces(this.store, ['net', 'mnt']), '--', ...command];
  }

  /** What makes a command one of a device's. */
  onDevice(...command: string[]): string[] {
    return ['nsenter', ...namespaces(this.others, ['net']), '--', ...command];
  }

  /** Packets that have left the machine for anywhere but its devices and its database server. */
  packetsOut(): number {
    const shown = this.must(this.onStore('ip', '-s', '-j', 'link', 'show', 'out0'));
    const [link] = JSON.parse(shown) as { stats64: { tx: { packets: number } } }[];
    return link!.stats64.tx.packets;
  }

  /** Puts a database behind the server's name. @returns its URI over there */
  async serveDatabase(uri: string): Promise<string> {
    const { host = 'localhost', port = 5432, user = '', password, database = '' } = parseConnectionUri(uri);
    const local = join(this.folder, 'database.sock');
    const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
    this.toDatabase = createServer((socket) => {
      const behind = createConnection(target);
      for (const [from, to] of [
        [socket, behind],
        [behind, socket],
      ] as const) {
        from.pipe(to);
        from.on('error', () => to.destroy());
      }
    }).listen(local);
    await once(this.toDatabase, 'listening');
    const program = `
      const net = require('node:net');
      net.createServer((socket) => {
        const behind = net.connect(${JSON.stringify(local)});
        socket.pipe(behind).pipe(socket);
        for (const one of [socket, behind]) one.on('error', () => { socket.destroy(); behind.destroy(); });
      }).listen(5432, '${DATABASE_ADDRESS}', () => console.log('listening'));`;
    const [command = '', ...args] = this.onDevice(process.execPath, '-e', program);
    this.relay = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(this.relay.stdout!, 'data');
    const account = password === undefined ? user : `${user}:${encodeURIComponent(password)}`;
    return `postgresql://${account}@${DATABASE_HOST}:5432/${database}`;
  }

  private async build(): Promise<void> {
    const hosts = join(this.folder, 'hosts');
    const resolvConf = join(this.folder, 'resolv.conf');
    await writeFile(hosts, `127.0.0.1 localhost\n${DATABASE_ADDRESS} ${DATABASE_HOST}\n`);
    await writeFile(resolvConf, `nameserver ${RESOLVER}\noptions timeout:1 attempts:1\n`);
    this.must(this.onStore('mount', '--bind', hosts, '/etc/hosts'));
    this.must(this.onStore('mount', '--bind', resolvConf, '/etc/resolv.conf'));
    for (const [near, far, nearAddress, farAddress] of [
      ['dev0', 'dev1', `${STORE}/24`, '10.99.0.2/24'],
      ['srv0', 'srv1', '10.99.1.1/24', `${DATABASE_ADDRESS}/24`],
      ['out0', 'out1', '10.99.9.1/24', null],
    ] as const) {
      this.must(this.onStore('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far));
      this.must(this.onStore('ip', 'link', 'set', far, 'netns', String(this.others.pid)));
      // Else the kernel itself speaks up on a new link.
      this.must(this.onStore('ip', 'link', 'set', near, 'addrgenmode', 'none', 'up'));
      this.must(this.onDevice('ip', 'link', 'set', far, 'addrgenmode', 'none', 'up'));
      this.must(this.onStore('ip', 'addr', 'add', nearAddress, 'dev', near));
      if (farAddress !== null) this.must(this.onDevice('ip', 'addr', 'add', farAddress, 'dev', far));
    }
    this.must(this.onStore('ip', 'link', 'set', 'lo', 'up'));
    this.must(this.onDevice('ip', 'link', 'set', 'lo', 'up'));
    this.must(this.onStore('ip', 'route', 'add', 'default', 'via', GATEWAY));
    this.must(this.onStore('ip', 'neigh', 'add', GATEWAY, 'lladdr', '02:00:00:00:00:01', 'dev', 'out0'));
  }

  /** Until both have namespaces of their own. */
  private async settle(...children: ChildProcess[]): Promise<void> {
    const own = this.must(['readlink', '/proc/self/ns/net']);
    for (const child of children)
      while (this.must(['readlink', `/proc/${child.pid}/ns/net`]) === own)
        await new Promise((resolve) => setTimeout(resolve, 20));
  }

  private must([command = '', ...args]: string[]): string {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
    return stdout;
  }
}

function namespaces({ pid }: ChildProcess, kinds: readonly ('net' | 'mnt')[]): string[] {
  const flags = { net: '--net', mnt: '--mount' };
  return kinds.map((kind) => `${flags[kind]}=/proc/${pid}/ns/${kind}`);
}
