import { describe, expect, it } from 'vitest';

import { gzipped, inChunks, membersOf, smallBundle } from '../../../test/support/bundles.js';
import { paxRecords, rawHeader, rawTar, type RawEntry } from '../../../test/support/raw-tar.js';
import { BUNDLE_LIMITS, readLooseTar, type BundleLimits } from './index.js';
import { collect } from './streams.js';

const snap: RawEntry = { path: 'jq_6.snap', content: Buffer.from('hsqs and so on') };
const assertions: RawEntry = { path: 'jq_6.assert', content: Buffer.from('type: snap-revision\n') };

describe(readLooseTar.name, () => {
  it.each([
    ['gzip', gzipped(rawTar([snap, assertions]), 6)],
    ['plain tar', rawTar([snap, assertions])],
  ])('takes snaps and assertions in the order in which they lie in %s', async (_how, bytes) => {
    expect(await readAll(bytes)).toEqual([
      'snap jq_6.snap hsqs and so on',
      'assertions jq_6.assert type: snap-revision\n',
    ]);
  });

  it('passes over folders, headers that other tools write, and files that it does not know', async () => {
    const tar = rawTar([
      { path: './', type: '5' },
      { path: './jq-20260102/', type: '5' },
      { path: 'PaxHeader', type: 'x', content: paxRecords({ mtime: '1.5', 'SCHILY.xattr.user.x': 'y' }) },
      { ...snap, path: './jq-20260102/jq_6.snap' },
      { path: 'PaxHeader', type: 'x', content: paxRecords({ atime: '1.5' }) },
      { ...assertions, path: './jq-20260102/jq_6.assert' },
      { path: './jq-20260102/channel-map.json', content: Buffer.from('{}') },
    ]);
    expect(await readAll(tar)).toEqual([
      'snap jq-20260102/jq_6.snap hsqs and so on',
      'assertions jq-20260102/jq_6.assert type: snap-revision\n',
      'ignored jq-20260102/channel-map.json',
    ]);
  });

  it('goes on when a snap is left unread', async () => {
    const kinds: string[] = [];
    for await (const part of readLooseTar(inChunks(rawTar([snap, assertions])), { file: 'x' })) kinds.push(part.kind);
    expect(kinds).toEqual(['snap', 'assertions']);
  });

  it.each<[string, RawEntry[], string, string]>([
    ['a climbing path', [{ ...snap, path: 'x/../../jq_6.snap' }], 'bundle-member-refused', 'has ".." in its path'],
    ['an absolute path', [{ ...snap, path: '/jq_6.snap' }], 'bundle-member-refused', 'has an absolute path'],
    [
      'a symbolic link',
      [{ path: 'jq_6.snap', type: '2', linkName: '/etc/passwd' }],
      'bundle-member-refused',
      'is a symbolic link',
    ],
    ['a hard link', [{ path: 'jq_6.snap', type: '1', linkName: 'x' }], 'bundle-member-refused', 'is a hard link'],
    ['a device', [{ path: 'jq_6.snap', type: '4' }], 'bundle-member-refused', 'is a device'],
    ['one name twice', [snap, snap], 'bundle-member-refused', 'is there twice'],
    ['one name in two spellings', [snap, { ...snap, path: './jq_6.snap' }], 'bundle-member-refused', 'is there twice'],
    ['a folder with content', [{ ...snap, type: '5' }], 'bundle-member-refused', 'is a folder with content'],
    [
      'a pax header that renames',
      [{ path: 'x', type: 'x', content: paxRecords({ path: 'other.snap' }) }, snap],
      'bundle-member-refused',
      'has an extended header that sets "path"',
    ],
    [
      'a pax header that resizes',
      [{ path: 'x', type: 'x', content: paxRecords({ size: '1' }) }, snap],
      'bundle-member-refused',
      'has an extended header that sets "size"',
    ],
    [
      'a sparse file',
      [{ path: 'x', type: 'x', content: paxRecords({ 'GNU.sparse.realsize': '99999999999' }) }, snap],
      'bundle-member-refused',
      'has an extended header that sets "GNU.sparse.realsize"',
    ],
    [
      'a GNU long name',
      [{ path: 'x', type: 'L', content: Buffer.from('other.snap\0') }, snap],
      'bundle-member-refused',
      'has a long name',
    ],
    [
      'a global header',
      [{ path: 'x', type: 'g', content: paxRecords({ path: 'y' }) }, snap],
      'bundle-member-refused',
      'a global header',
    ],
    [
      'assertions of a gibibyte',
      [{ ...assertions, size: 2 ** 30 }],
      'bundle-too-large',
      'is larger than 8388608 bytes',
    ],
    ['no snap', [assertions], 'not-a-bundle', 'is neither a snap bundle nor a tarball with .snap files'],
    ['nothing', [], 'not-a-bundle', 'is neither a snap bundle nor a tarball with .snap files'],
  ])('refuses %s', async (_what, entries, code, words) => {
    await expect(readAll(rawTar(entries))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^x\\.tgz: .*${words.replaceAll('.', '\\.')}`)) as string,
    });
  });

  it('refuses a bundle of ours whose members are out of order, so that its signature is not passed over', async () => {
    const [manifest, ...others] = await membersOf(smallBundle());
    const tar = rawTar([...others.filter(({ path }) => path.startsWith('snaps/')), manifest!]);
    await expect(readAll(tar)).rejects.toMatchObject({
      code: 'bundle-member-refused',
      message: expect.stringContaining(
        'bundle.json: is that of a snap bundle whose members are out of order',
      ) as string,
    });
  });

  it('refuses a bundle of ours that lies in a folder of the tarball', async () => {
    const members = await membersOf(smallBundle());
    const tar = rawTar(members.map((member) => ({ ...member, path: `folder/${member.path}` })).reverse());
    await expect(readAll(tar)).rejects.toMatchObject({ code: 'bundle-member-refused' });
  });

  it('refuses what unpacks to far more than it was', async () => {
    const zeros = { path: 'jq_6.snap', content: Buffer.alloc(80 << 20) };
    await expect(readAll(gzipped(rawTar([zeros]), 9))).rejects.toMatchObject({
      code: 'bundle-too-large',
      message: 'x.tgz: jq_6.snap: unpacks to more than 100 times its size',
    });
  });

  it('refuses more entries and larger snaps than there may be', async () => {
    await expect(readAll(rawTar([snap, assertions]), { looseEntries: 1 })).rejects.toMatchObject({
      code: 'bundle-too-large',
    });
    await expect(readAll(rawTar([snap]), { snapBytes: 3 })).rejects.toMatchObject({ code: 'bundle-too-large' });
    const folders = Array.from({ length: 5 }, (_none, index) => ({ path: `f${index}/`, type: '5' }));
    await expect(readAll(rawTar([...folders, snap]), { looseEntries: 3 })).rejects.toMatchObject({
      code: 'bundle-too-large',
    });
  });

  it.each([
    ['gzip', (tar: Buffer) => gzipped(tar).subarray(0, 600)],
    ['tar', (tar: Buffer) => tar.subarray(0, 600)],
    ['the end mark', () => Buffer.concat([rawHeader(snap), snap.content!, Buffer.alloc(498)])],
  ])('names the file and the snap when %s is cut', async (_what, cut) => {
    await expect(readAll(cut(rawTar([{ ...snap, content: Buffer.alloc(5000, 1) }])))).rejects.toMatchObject({
      code: 'bundle-damaged',
      message: expect.stringMatching(/^x\.tgz: jq_6\.snap: .* is cut short$/) as string,
    });
  });
});

async function readAll(bytes: Buffer, limits: Partial<BundleLimits> = {}): Promise<string[]> {
  const seen: string[] = [];
  for await (const part of readLooseTar(inChunks(bytes), { file: 'x.tgz', limits: { ...BUNDLE_LIMITS, ...limits } })) {
    if (part.kind === 'ignored') seen.push(`ignored ${part.path}`);
    else {
      const content = part.kind === 'snap' ? await collect(part.content) : part.bytes;
      seen.push(`${part.kind} ${part.path} ${content.toString()}`);
    }
  }
  return seen;
}
