import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { gzipped, membersOf, packBundle, smallBundle, unpackBundle } from '../../../test/support/bundles.js';
import { rawTar } from '../../../test/support/raw-tar.js';
import { openBytes, planImport } from './index.js';
import { collect } from './streams.js';

describe(planImport.name, () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-source-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    ['as it is written', () => packBundle(smallBundle())],
    ['in gzip of another level', async () => gzipped(rawTar(await membersOf(smallBundle())), 9)],
    ['as plain tar', async () => rawTar(await membersOf(smallBundle()))],
  ])('knows a bundle %s, whatever it is called', async (_how, make) => {
    await writeFile(at('something'), await make());
    expect(await planImport(at('something'))).toEqual({
      sources: [{ kind: 'bundle', path: at('something') }],
      ignored: [],
    });
  });

  it('takes any other tarball for one in an unknown layout', async () => {
    await writeFile(at('export.tar.gz'), gzipped(rawTar([{ path: 'jq/', type: '5' }])));
    expect((await planImport(at('export.tar.gz'))).sources).toEqual([{ kind: 'loose-tar', path: at('export.tar.gz') }]);
  });

  it('knows an unpacked bundle', async () => {
    await unpackBundle(smallBundle(), folder);
    expect(await planImport(folder)).toEqual({ sources: [{ kind: 'bundle-folder', path: folder }], ignored: [] });
  });

  it.each(['jq_6.snap', 'jq_6.assert'])('knows a pair by its %s', async (name) => {
    await writeFile(at('jq_6.snap'), 'hsqs');
    await writeFile(at('jq_6.assert'), 'type: x');
    const pair = { kind: 'pair', path: at('jq_6.snap'), assertionsPath: at('jq_6.assert') };
    expect((await planImport(at(name))).sources).toEqual([pair]);
  });

  it('lists what a folder holds in order, and says why it passes over the rest', async () => {
    await writeFile(at('b.tar.gz'), await packBundle(smallBundle()));
    await writeFile(at('a.tar'), rawTar([{ path: 'x' }]));
    for (const name of ['core22_1.snap', 'core22_1.assert', 'jq_6.assert', 'jq_6.snap', 'models.assert', 'notes.txt']) {
      await writeFile(at(name), 'x');
    }
    await unpackBundle(smallBundle(), at('unpacked'));
    await mkdir(at('empty'));
    await symlink(at('b.tar.gz'), at('link.tar.gz'));
    expect(await planImport(folder)).toEqual({
      sources: [
        { kind: 'loose-tar', path: at('a.tar') },
        { kind: 'bundle', path: at('b.tar.gz') },
        { kind: 'pair', path: at('core22_1.snap'), assertionsPath: at('core22_1.assert') },
        { kind: 'pair', path: at('jq_6.snap'), assertionsPath: at('jq_6.assert') },
        { kind: 'bundle-folder', path: at('unpacked') },
      ],
      ignored: [
        { path: at('empty'), reason: 'is a folder without bundle.json' },
        { path: at('link.tar.gz'), reason: 'is a symbolic link' },
        { path: at('models.assert'), reason: 'has no snap beside it; "assertions push" takes assertions alone' },
        { path: at('notes.txt'), reason: 'is neither a bundle nor a snap' },
      ],
    });
  });

  it.each<[string, string, Buffer | null, string, RegExp]>([
    ['a snap without assertions', 'jq_6.snap', Buffer.from('hsqs'), 'pair-incomplete', /jq_6\.assert is missing$/],
    ['assertions without a snap', 'jq_6.assert', Buffer.from('type'), 'pair-incomplete', /"assertions push" takes/],
    ['a text', 'notes', Buffer.from('hello'), 'not-a-bundle', /is not a snap bundle/],
    ['an empty file', 'empty.tar.gz', Buffer.alloc(0), 'not-a-bundle', /is not a snap bundle/],
    ['gzip of something else', 'x.gz', gzipped(Buffer.from('hello')), 'not-a-bundle', /is not a snap bundle/],
    ['gzip cut at its start', 'x.gz', gzipped(Buffer.alloc(9999)).subarray(0, 60), 'bundle-damaged', /is cut short$/],
    ['nothing there', 'gone.tar.gz', null, 'bundle-unreadable', /gone\.tar\.gz: does not exist$/],
  ])('refuses %s', async (_what, name, content, code, message) => {
    if (content !== null) await writeFile(at(name), content);
    await expect(planImport(at(name))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a folder with nothing in it, and one in which a snap lacks its assertions', async () => {
    await expect(planImport(folder)).rejects.toMatchObject({ code: 'not-a-bundle' });
    await writeFile(at('jq_6.snap'), 'hsqs');
    await expect(planImport(folder)).rejects.toMatchObject({ code: 'pair-incomplete' });
  });

  it('opens a device for nothing', async () => {
    await expect(planImport('/dev/zero')).rejects.toMatchObject({
      code: 'not-a-bundle',
      message: '/dev/zero: is neither a regular file nor a folder',
    });
  });

  it('opens the bytes of a file', async () => {
    await writeFile(at('x'), 'hello');
    expect((await collect(openBytes(at('x')))).toString()).toBe('hello');
  });
});
