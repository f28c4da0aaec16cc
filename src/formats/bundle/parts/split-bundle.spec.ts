import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { inChunks, packBundle, smallBundle, testBundle } from '../../../../test/support/bundles.js';
import {
  encodeManifest,
  isBundleSource,
  partNumbers,
  planImport,
  planImports,
  readBundleSource,
  writeParts,
  type BundleManifest,
} from '../index.js';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'split-bundle-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The bundle in parts of this size; their names. */
async function split(partBytes: number, bundle = smallBundle(), name = 'jq.tar.gz'): Promise<string[]> {
  const bytes = inChunks(await packBundle(bundle));
  const parts = await writeParts(bytes, { path: at(name), bundleId: bundle.manifest.id, partBytes });
  return parts.map(({ path }) => basename(path));
}

/** bundle.json, in its one spelling. */
async function read(...paths: string[]): Promise<string> {
  const [source] = (await planImports(paths)).sources;
  if (source === undefined || !isBundleSource(source)) throw new Error('no bundle');
  let manifest: BundleManifest | null = null;
  for await (const part of readBundleSource(source, { blobsCheckedBy: 'nobody' }))
    if (part.kind === 'head') manifest = part.manifest;
  return spelled(manifest);
}

function spelled(manifest: BundleManifest | null): string {
  return manifest === null ? '' : encodeManifest(manifest).toString();
}

describe('parts of a bundle', () => {
  it.each([700, 2000, 4999])('of %i bytes are read as the bundle in one piece', async (partBytes) => {
    const bundle = smallBundle();
    const names = await split(partBytes, bundle);
    expect(names.length).toBeGreaterThan(1);
    expect(await read(at(names.at(-1) ?? ''))).toBe(spelled(bundle.manifest));
  });

  it('are found beside the one that is named, and nothing else is', async () => {
    const names = await split(2000);
    await split(2500);
    await split(2000, testBundle({ snaps: [], assertions: [{ name: 'x', bytes: Buffer.alloc(9000, 'type: x\n') }] }));
    await writeFile(at('jq.tar.gz.6f6ab1e0.part9of9'), 'of other parts');
    const { sources, ignored } = await planImport(at(names[1] ?? ''));
    const total = names.length;
    expect(ignored).toEqual([]);
    expect(sources).toMatchObject([
      {
        kind: 'bundle-parts',
        path: at(`jq.tar.gz.6f6ab1e0.part*of${total}`),
        parts: names.map((name, index) => ({ number: index + 1, path: at(name) })),
      },
    ]);
  });

  it('are one thing in a folder, in which links are not followed', async () => {
    const names = await split(2000);
    await mkdir(at('elsewhere'));
    const moved = names[1] ?? '';
    await rename(at(moved), at('elsewhere', moved));
    await symlink(at('elsewhere', moved), at(moved));
    const { sources, ignored } = await planImport(folder);
    expect(sources.map(({ kind }) => kind)).toEqual(['bundle-parts']);
    expect(sources[0]).toMatchObject({
      parts: names.filter((name) => name !== moved).map((name) => ({ path: at(name) })),
    });
    expect(ignored.map(({ path, reason }) => [basename(path), reason])).toEqual([
      ['elsewhere', 'is a folder without bundle.json'],
      [moved, 'is a symbolic link'],
    ]);
  });

  it('come together from several folders, in any order and named twice', async () => {
    const names = await split(2000);
    for (const name of names) {
      await mkdir(at(`of ${name}`));
      await rename(at(name), at(`of ${name}`, name));
    }
    const paths = names.map((name) => at(`of ${name}`, name)).reverse();
    expect((await planImports([...paths, ...paths])).sources).toHaveLength(1);
    expect(await read(...paths, ...paths)).toBe(spelled(smallBundle().manifest));
  });

  it('are read as far as they reach, and then named as missing', async () => {
    const names = await split(1000);
    expect(names.length).toBeGreaterThan(4);
    for (const name of [names[1], names[3]]) await rm(at(name ?? ''));
    await expect(read(at(names[0] ?? ''))).rejects.toMatchObject({
      code: 'bundle-part-missing',
      message: `${at(`jq.tar.gz.6f6ab1e0.part*of${names.length}`)}: parts 2 and 4 of ${names.length} are missing`,
      details: { missing: [2, 4], total: names.length },
    });
  });

  it.each([
    ['cut short', 1, 1999, /part2of\d: has 1999 bytes, and another part 2000$/],
    ['empty', 0, 0, /part1of\d: is empty$/],
    ['too long at the end', -1, 2001, /has 2001 bytes, more than the 2000 of the parts before it$/],
  ])('are refused where one is %s', async (_how, index, length, message) => {
    const names = await split(2000);
    await truncate(at(names.at(index) ?? ''), length);
    await expect(read(at(names[0] ?? ''))).rejects.toMatchObject({
      code: 'bundle-part-refused',
      message: expect.stringMatching(message) as string,
    });
  });

  it('are refused where they are of another bundle than their names say', async () => {
    const names = await split(2000);
    const renamed = names.map((name) => name.replace('6f6ab1e0', '00000000'));
    for (const [index, name] of names.entries()) await rename(at(name), at(renamed[index] ?? ''));
    await expect(read(at(renamed[0] ?? ''))).rejects.toMatchObject({
      code: 'bundle-part-refused',
      message: expect.stringMatching(/bundle 00000000…, and are of 6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11$/) as string,
    });
  });
});

describe(partNumbers.name, () => {
  it.each([
    [[2], 'part 2 of 9 is'],
    [[1, 3], 'parts 1 and 3 of 9 are'],
    [[2, 3, 4, 6, 8, 9], 'parts 2-4, 6 and 8-9 of 9 are'],
    [[1, 2], 'parts 1-2 of 9 are'],
  ])('begins a sentence about %j', (numbers, text) => {
    expect(partNumbers(numbers, 9)).toBe(text);
  });
});
