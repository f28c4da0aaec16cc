import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loneAssertions, loneParts, watchedEntries } from './watched-entries.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watched-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), name);
  }
}

describe(watchedEntries.name, () => {
  it('sees bundles, pairs and unpacked bundles, each once with all of its files', async () => {
    await put(
      'b.tar.gz',
      'c.tgz',
      'd.tar',
      'jq_6.snap',
      'jq_6.assert',
      'unpacked/bundle.json',
      'unpacked/snaps/x.snap',
    );
    const entries = await watchedEntries(folder);
    expect(entries.map(({ name, files }) => [name, ...files])).toEqual([
      ['b.tar.gz', 'b.tar.gz'],
      ['c.tgz', 'c.tgz'],
      ['d.tar', 'd.tar'],
      ['jq_6.snap', 'jq_6.snap', 'jq_6.assert'],
      ['unpacked', 'unpacked'],
    ]);
  });

  it('sees a bundle in parts once all of them are there', async () => {
    const parts = ['b.tar.gz.6f6ab1e0.part1of3', 'b.tar.gz.6f6ab1e0.part2of3', 'b.tar.gz.6f6ab1e0.part3of3'];
    await put(parts[2] ?? '', parts[0] ?? '', 'b.tar.gz.6f6ab1e0.part2of4', 'b.tar.gz.00000000.part2of3');
    expect(await watchedEntries(folder)).toEqual([]);
    await put(parts[1] ?? '');
    const [first, ...others] = await watchedEntries(folder);
    expect(first).toMatchObject({ name: parts[0], files: parts });
    expect(others).toEqual([]);
    await writeFile(join(folder, parts[2] ?? ''), 'more than there was before');
    expect((await watchedEntries(folder))[0]?.fingerprint).not.toBe(first?.fingerprint);
  });

  it('leaves alone what is not complete, not ours, a link, or done with', async () => {
    await put('.b.tar.gz.Xy12', 'b.tar.gz.part', 'b.tar.gz~', 'c.snap.filepart', 'readme.txt', 'lone_1.snap');
    await put('done/old.tar.gz', 'failed/bad.tar.gz', 'folder/jq_6.snap');
    await symlink('/etc/passwd', join(folder, 'link.tar.gz'));
    expect(await watchedEntries(folder)).toEqual([]);
  });

  it.each(['b.tar.gz', 'jq_6.assert', 'unpacked/snaps/x.snap'])('notices a change of %s', async (name) => {
    await put('b.tar.gz', 'jq_6.snap', 'jq_6.assert', 'unpacked/bundle.json', 'unpacked/snaps/x.snap');
    const before = (await watchedEntries(folder)).map(({ fingerprint }) => fingerprint);
    expect((await watchedEntries(folder)).map(({ fingerprint }) => fingerprint)).toEqual(before);
    await writeFile(join(folder, name), 'more than there was before');
    const after = (await watchedEntries(folder)).map(({ fingerprint }) => fingerprint);
    expect(after.filter((fingerprint, index) => fingerprint !== before[index])).toHaveLength(1);
  });
});

describe(loneAssertions.name, () => {
  it('names those whose snap is not there', async () => {
    await put('a_1.assert', 'b_1.assert', 'b_1.snap');
    expect(await loneAssertions(folder)).toEqual(['a_1.assert']);
  });
});

describe(loneParts.name, () => {
  it('names those whose first part is not there', async () => {
    await put('a.6f6ab1e0.part2of3', 'a.6f6ab1e0.part3of3', 'b.6f6ab1e0.part1of2', 'b.6f6ab1e0.part2of2');
    const first = 'a.6f6ab1e0.part1of3';
    expect(await loneParts(folder)).toEqual([
      { part: 'a.6f6ab1e0.part2of3', first },
      { part: 'a.6f6ab1e0.part3of3', first },
    ]);
  });
});
