import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DEVICES, type DeviceKind, setupScript, type StoreToUse } from './setup-script.js';

const URL_OF_STORE = 'https://snaps.internal:8443';
const ASSERTION = { storeId: 'STORE1', stream: 'type: account\nname: a\n\nSIGN\n\ntype: store\n\nSIGN\n' };
const CA = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const registered: StoreToUse = { url: URL_OF_STORE, assertion: ASSERTION, caPem: CA };
const selfIssued: StoreToUse = { url: URL_OF_STORE, assertion: null, caPem: CA };

/** Keeps settings in files of its name, and writes down each command that changes something. */
const SNAP = `#!/bin/sh
case "$1" in
  get) [ -f "$STATE/$3" ] && cat "$STATE/$3" ;;
  set) echo "set \${3%%=*}" >>"$STATE/log"; printf '%s\\n' "\${3#*=}" >"$STATE/\${3%%=*}" ;;
  unset) echo "unset $3" >>"$STATE/log"; rm "$STATE/$3" ;;
  ack) cat "$2" >"$STATE/acked" ;;
esac
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-script-'));
  mkdirSync(join(folder, 'bin'));
  for (const [name, text] of [
    ['snap', SNAP],
    ['systemctl', '#!/bin/sh\necho "systemctl $*" >>"$STATE/log"\n'],
    ['id', '#!/bin/sh\necho "${FAKE_UID:-0}"\n'],
  ] as const) {
    writeFileSync(join(folder, 'bin', name), text);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs it with folders of its own in place of the system's. @returns what changed */
function run(store: StoreToUse, device: DeviceKind = 'classic', ...args: string[]): string[] {
  writeFileSync(join(folder, 'log'), '');
  const script = setupScript(device, store).replace(/^(DROP_IN|PROFILE)=/gm, `$1=${folder}`);
  const env = { PATH: `${folder}/bin:${process.env.PATH ?? ''}`, STATE: folder };
  execFileSync('sh', ['-s', ...args], { input: script, env });
  return readFileSync(join(folder, 'log'), 'utf8').split('\n').filter(Boolean);
}

const dropIn = (): string => join(folder, 'etc/systemd/system/snapd.service.d/snap-store-proxy.conf');
const profile = (): string => join(folder, 'etc/profile.d/snap-store-proxy.sh');
const state = (name: string): string => readFileSync(join(folder, name), 'utf8');
const RESTART = ['systemctl daemon-reload', 'systemctl restart snapd.service'];

describe(setupScript.name, () => {
  it('trusts the authority, acknowledges the assertions and names the store, once', () => {
    expect(run(registered)).toEqual(['set store-certs.snap-store-proxy', 'set proxy.store']);
    expect(state('acked')).toBe(ASSERTION.stream);
    expect(state('store-certs.snap-store-proxy')).toBe(CA);
    expect(state('proxy.store')).toBe('STORE1\n');
    expect(existsSync(dropIn())).toBe(false);
    expect(run(registered)).toEqual([]);
  });

  it('takes all of it back, once', () => {
    run(registered);
    expect(run(registered, 'classic', 'undo')).toEqual(['unset proxy.store', 'unset store-certs.snap-store-proxy']);
    expect(existsSync(profile())).toBe(false);
    expect(run(registered, 'classic', 'undo')).toEqual([]);
  });

  it("leaves another store's setting alone when it takes its own back", () => {
    run({ ...registered, assertion: { ...ASSERTION, storeId: 'OTHER' } });
    expect(run(registered, 'classic', 'undo')).toEqual(['unset store-certs.snap-store-proxy']);
  });

  it('tells snapd by its environment where there is no store assertion, once, and takes that back', () => {
    expect(run(selfIssued)).toEqual(['set store-certs.snap-store-proxy', ...RESTART]);
    expect(state('etc/systemd/system/snapd.service.d/snap-store-proxy.conf')).toBe(
      `[Service]\nEnvironment="SNAPPY_FORCE_API_URL=${URL_OF_STORE}"\n`,
    );
    expect(run(selfIssued)).toEqual([]);
    expect(run({ ...selfIssued, url: 'https://moved.internal' })).toEqual(RESTART);
    expect(run(selfIssued, 'classic', 'undo')).toEqual(['unset store-certs.snap-store-proxy', ...RESTART]);
    expect(run(selfIssued, 'classic', 'undo')).toEqual([]);
  });

  it('leads from either way to the other', () => {
    run(selfIssued);
    expect(run(registered)).toEqual(['set proxy.store', ...RESTART]);
    expect(existsSync(dropIn())).toBe(false);
    expect(run(selfIssued)).toEqual(['unset proxy.store', ...RESTART]);
  });

  it('tells login shells on a classic system, and leaves Ubuntu Core without', () => {
    run(registered, 'core');
    expect(existsSync(profile())).toBe(false);
    run(registered);
    const shell = execFileSync('sh', ['-c', `. ${profile()}; printf %s "$SNAPPY_FORCE_API_URL"`], { encoding: 'utf8' });
    expect(shell).toBe(URL_OF_STORE);
  });

  it('sets no certificate where the device knows the authority', () => {
    expect(run({ ...registered, caPem: null })).toEqual(['set proxy.store']);
  });

  it.each(DEVICES)('reads nothing of what is in the values (%s)', (device) => {
    const trap = `'; touch ${folder}/trap; '$(touch ${folder}/trap)\`touch ${folder}/trap\``;
    const stream = `type: account\ndisplay-name:\n${trap}\nEND_OF_ASSERTIONS\ntouch ${folder}/trap\nEND_OF_ASSERTIONS_\n`;
    const url = `https://snaps.internal/a'b"c$(touch ${folder}/trap)%41\`touch x\`\\d\ntouch`;
    run({ url, assertion: { storeId: trap, stream }, caPem: `${CA}END_OF_AUTHORITY\n` }, device);
    expect(state('acked')).toBe(stream);
    expect(state('proxy.store')).toBe(`${trap}\n`);
    run({ url, assertion: null, caPem: null }, device);
    expect(state('etc/systemd/system/snapd.service.d/snap-store-proxy.conf')).toMatch(
      /^\[Service\]\nEnvironment="SNAPPY_FORCE_API_URL=https:\/\/snaps\.internal\/[^"\n\\]*%%41[^"\n\\]*"\n$/,
    );
    if (device === 'classic') execFileSync('sh', [profile()]);
    expect(existsSync(join(folder, 'trap'))).toBe(false);
  });

  it.each<[string, StoreToUse]>([
    ['etc', selfIssued],
    ['etc', registered],
  ])('ends with an error where a file cannot be written below %s', (name, store) => {
    writeFileSync(join(folder, name), 'in the way');
    expect(() => run(store)).toThrow(/etc/);
    expect(state('log')).not.toContain('systemctl');
  });

  it('is for root, and takes one argument', () => {
    const env = { PATH: `${folder}/bin:${process.env.PATH ?? ''}`, STATE: folder };
    const input = setupScript('core', registered);
    const asUser = spawnSync('sh', ['-s'], { input, env: { ...env, FAKE_UID: '1000' }, encoding: 'utf8' });
    expect([asUser.status, asUser.stderr]).toEqual([1, 'client-config: only root may do this: sudo sh FILE\n']);
    const odd = spawnSync('sh', ['-s', 'redo'], { input, env, encoding: 'utf8' });
    expect([odd.status, odd.stderr]).toEqual([1, 'client-config: the only argument is undo\n']);
    expect(existsSync(join(folder, 'log'))).toBe(false);
  });
});
