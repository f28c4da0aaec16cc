import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { smallBundle, unpackBundle } from '../../../test/support/bundles.js';
import { Sha3_384 } from '../../kernel/digest.js';
import { readBundleFolder, type BundlePart } from './index.js';

const SNAP = `snaps/${'j'.repeat(32)}_6.snap`;

describe(readBundleFolder.name, () => {
  const bundle = smallBundle();
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bundle-folder-'));
    await unpackBundle(bundle, folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives what the packed bundle gives', async () => {
    const contents = await readAll(folder);
    expect(contents).toEqual(bundle.contents);
    expect([...contents.keys()]).toEqual([...contents.keys()].sort(byFolder));
  });

  it('does without a signature', async () => {
    await rm(folder, { recursive: true });
    await unpackBundle({ ...bundle, signer: null }, folder);
    expect(await readAll(folder)).toEqual(bundle.contents);
  });

  it('goes on when a consumer leaves something unread', async () => {
    const kinds: string[] = [];
    for await (const part of readBundleFolder(folder, { file: folder, blobsCheckedBy: 'nobody' }))
      kinds.push(part.kind);
    expect(kinds).toEqual(['head', 'assertions', 'assertions', 'snap', 'snap', 'media']);
  });

  it('lets what lies beside the known folders alone', async () => {
    await writeFile(join(folder, 'README.txt'), 'carried by courier');
    expect(await readAll(folder)).toEqual(bundle.contents);
  });

  it.each<[string, (at: string) => Promise<unknown>, string, string]>([
    ['no manifest', (at) => rm(join(at, 'bundle.json')), 'bundle-incomplete', 'bundle.json: is missing'],
    ['a missing snap', (at) => rm(join(at, SNAP)), 'bundle-incomplete', `${SNAP}: is missing`],
    ['no sums', (at) => rm(join(at, 'SHA3-384SUMS')), 'bundle-incomplete', 'SHA3-384SUMS: is missing'],
    ['a longer snap', (at) => appendFile(join(at, SNAP), 'x'), 'bundle-damaged', `${SNAP}: has 631 bytes where 630`],
    ['a shorter snap', (at) => truncate(join(at, SNAP), 10), 'bundle-damaged', `${SNAP}: has 10 bytes where 630`],
    ['another snap', (at) => writeFile(join(at, SNAP), 'x'.repeat(630)), 'bundle-damaged', `${SNAP}: has the SHA3-384`],
    [
      'an undeclared snap',
      (at) => writeFile(join(at, 'snaps/x.snap'), ''),
      'bundle-member-refused',
      'snaps/x.snap: is not decl',
    ],
    ['a deeper folder', (at) => mkdir(join(at, 'snaps/more')), 'bundle-member-refused', 'snaps/more: is not declared'],
    ['other sums', (at) => appendFile(join(at, 'SHA3-384SUMS'), 'x'), 'bundle-damaged', 'SHA3-384SUMS: has'],
    [
      'a link in place of a snap',
      async (at) => {
        await rename(join(at, SNAP), join(at, 'elsewhere'));
        await symlink('../elsewhere', join(at, SNAP));
      },
      'bundle-member-refused',
      `${SNAP}: is a symbolic link`,
    ],
    [
      'a link in place of a folder',
      async (at) => {
        await rename(join(at, 'snaps'), join(at, 'elsewhere'));
        await symlink('elsewhere', join(at, 'snaps'));
      },
      'bundle-member-refused',
      'snaps: is not a folder',
    ],
    [
      'a link in place of the manifest',
      async (at) => {
        await rm(join(at, 'bundle.json'));
        await symlink('/etc/passwd', join(at, 'bundle.json'));
      },
      'bundle-member-refused',
      'bundle.json: is a symbolic link',
    ],
    [
      'a folder in place of a snap',
      async (at) => {
        await rm(join(at, SNAP));
        await mkdir(join(at, SNAP));
      },
      'bundle-member-refused',
      `${SNAP}: is not a regular file`,
    ],
    [
      'a named pipe in place of a snap',
      async (at) => {
        await rm(join(at, SNAP));
        spawnSync('mkfifo', [join(at, SNAP)]);
      },
      'bundle-member-refused',
      `${SNAP}: is not a regular file`,
    ],
  ])('refuses %s', async (_what, spoil, code, words) => {
    await spoil(folder);
    await expect(readAll(folder)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${folder}: ${words}`) as string,
    });
  });

  it('notices a snap that becomes shorter while it is read', async () => {
    const reading = async (): Promise<void> => {
      for await (const part of readBundleFolder(folder, { file: 'x', blobsCheckedBy: 'nobody' })) {
        if (part.kind !== 'snap') continue;
        await truncate(join(folder, part.path), 10);
        for await (const _chunk of part.content);
      }
    };
    await expect(reading()).rejects.toMatchObject({
      code: 'bundle-damaged',
      message: `x: ${SNAP}: became shorter while it was read`,
    });
  });

  it('stops where the signal says so', async () => {
    const abort = new AbortController();
    const reason = new Error('the operator pressed Ctrl-C');
    const reading = async (): Promise<void> => {
      for await (const part of readBundleFolder(folder, { file: 'x', signal: abort.signal })) {
        if (part.kind === 'snap') abort.abort(reason);
      }
    };
    await expect(reading()).rejects.toBe(reason);
  });
});

async function readAll(folder: string): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for await (const part of readBundleFolder(folder, { file: folder })) await take(part, contents);
  return contents;
}

async function take(part: BundlePart, contents: Map<string, Buffer>): Promise<void> {
  if (part.kind === 'head') return;
  if (part.kind === 'assertions') {
    contents.set(part.path, part.bytes);
    return;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of part.content) chunks.push(chunk);
  const content = Buffer.concat(chunks);
  part.confirm(Sha3_384.fromBytes(createHash('sha3-384').update(content).digest()));
  contents.set(part.path, content);
}

function byFolder(one: string, other: string): number {
  const rank = (path: string): number => ['assertions', 'snaps', 'media'].indexOf(path.split('/')[0] ?? '');
  return rank(one) - rank(other);
}
