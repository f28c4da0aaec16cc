import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fenceOf, fenceText } from './fence.js';

let folder: string;
let resolvConf: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fence-'));
  resolvConf = join(folder, 'resolv.conf');
  writeFileSync(
    resolvConf,
    '# mine\nnameserver 10.0.0.53\n nameserver fe80::1%eth0\nsearch internal\nnameserver nonsense\n',
  );
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the fence', () => {
  it('lets the networks of devices and the addresses of servers through, and asks no resolver where none has a name', async () => {
    const fence = await fenceOf(['10.0.0.0/8', 'fd00::/8'], [{ host: '192.0.2.7', port: 5432 }], resolvConf);
    expect(fenceText(fence).split('\n').slice(2)).toEqual([
      '[Service]',
      'IPAddressDeny=any',
      'IPAddressAllow=localhost',
      'IPAddressAllow=10.0.0.0/8',
      'IPAddressAllow=192.0.2.7',
      'IPAddressAllow=fd00::/8',
      '',
    ]);
  });

  it('lets a named server and the resolvers through, and says which name nobody knows', async () => {
    const servers = ['localhost', 'db.invalid'].map((host) => ({ host, port: 5432 }));
    const { allowed, unresolved } = await fenceOf([], servers, resolvConf);
    expect(allowed).toEqual(expect.arrayContaining(['127.0.0.1', '10.0.0.53', 'fe80::1']));
    expect(unresolved).toEqual(['db.invalid']);
  });
});
