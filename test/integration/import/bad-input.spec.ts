import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { encodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { gzipped, membersOf, newSigner, unpackBundle } from '../../support/bundles.js';
import { HOSTILE_BUNDLES } from '../../support/hostile-bundles.js';
import { rawTar } from '../../support/raw-tar.js';
import { snapFile, TestAuthority, testSnapId, type SignedSnap } from '../../support/test-authority.js';
import { authority, bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forAllTests();
const jq = testSnapId('jq');
const member = `snaps/${jq}_6.snap`;
const place = `test.tar.gz: ${member}: `;

/** What was imported before and must still be there, untouched. */
const signer = newSigner();

beforeAll(async () => {
  await scene.makeKnown(signer);
  await scene.import(await scene.pair(signed('held', 1)));
});

/** A bundle with this snap alone, pushed: what is said of it. */
async function refused(snap: SignedSnap): Promise<{ code: string; message: string }> {
  return scene.refusal(await scene.bundle(bundleOf([{ snap }])));
}

describe('a carried file that is not what a bundle must be', () => {
  it.each(HOSTILE_BUNDLES)('is refused: $name', async ({ make, code, names }) => {
    const base = bundleOf([{ snap: signed('jq', 6) }], { signer });
    const path = await scene.write('test.tar.gz', await make(base));
    const refusal = await scene.refusal(path);
    // Without bundle.json at its start it is taken for a tarball of pairs or for no archive at all.
    const isOther = ['not-a-bundle', 'bundle-incomplete', 'bundle-member-refused', 'signer-unknown'].includes(
      refusal.code,
    );
    expect([code, ...(isOther ? [refusal.code] : [])]).toContain(refusal.code);
    expect(refusal.message).toContain('test.tar.gz: ');
    // Where damage to gzip is noticed depends on how far it has been unpacked by then.
    if (!isOther && !refusal.message.includes('gzip')) expect(refusal.message).toContain(names(base));
  });

  it('is refused: a file that is not there', async () => {
    expect(await scene.refusal(join(scene.folder, 'nowhere.tar.gz'))).toMatchObject({ code: 'bundle-unreadable' });
  });

  it.each(['a link', 'a device'])('is refused: an unpacked bundle with %s in place of a snap', async (what) => {
    const folder = join(scene.folder, 'unpacked');
    const bundle = bundleOf([{ snap: signed('jq', 6) }]);
    await unpackBundle(bundle, folder);
    await rm(join(folder, member));
    await symlink(what === 'a link' ? '/etc/passwd' : '/dev/zero', join(folder, member));
    const { code, message } = await scene.refusal(folder);
    expect(code).toBe('bundle-member-refused');
    expect(message).toContain(`unpacked: ${member}: is a symbolic link`);
    await rm(folder, { recursive: true });
  });

  it('is refused: a snap without its assertions beside it', async () => {
    const path = await scene.write('alone_1.snap', signed('alone', 1).content);
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('pair-incomplete');
    expect(message).toContain('alone_1.snap: has no assertions beside it');
  });

  it('is refused: a tarball of pairs that has a snap without assertions', async () => {
    const { content } = signed('jq', 6);
    const path = await scene.write('export.tar', rawTar([{ path: 'x/jq_6.snap', content }]));
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('snap-refused');
    expect(message).toContain('export.tar: x/jq_6.snap: has the SHA3-384 digest');
  });

  it.each(['before', 'after'])(
    'is refused: a bundle whose second snap is damaged, %s gigabytes of others',
    async () => {
      const bundle = bundleOf([{ snap: signed('jq', 6) }, { snap: signed('yq', 2) }]);
      const members = (await membersOf(bundle)).map((one) => {
        if (!one.path.startsWith(`snaps/${testSnapId('yq')}`)) return one;
        return { ...one, content: Buffer.from(one.content).fill(0, 5000, 5001) };
      });
      const path = await scene.write('test.tar.gz', gzipped(rawTar(members)));
      expect(await scene.refusal(path)).toMatchObject({ code: 'bundle-damaged' });
    },
  );
});

describe('assertions that do not hold', () => {
  it('are refused: a file of them that is none', async () => {
    const bundle = bundleOf([{ snap: signed('jq', 6) }], {
      assertions: [{ name: 'jq', bytes: Buffer.from('type: snap-revision\n\nnothing\n') }],
    });
    const { code, message } = await scene.refusal(await scene.bundle(bundle));
    expect(code).toBe('assertion-refused');
    expect(message).toContain('test.tar.gz: assertions/jq.assert: ');
  });

  it('are refused: a type that nobody knows, by its name', async () => {
    const bytes = Buffer.from(signed('jq', 6).stream.toString().replace('type: account\n', 'type: horoscope\n'));
    const bundle = bundleOf([{ snap: signed('jq', 6) }], { assertions: [{ name: 'jq', bytes }] });
    const { code, message } = await scene.refusal(await scene.bundle(bundle));
    expect(code).toBe('assertion-refused');
    expect(message).toContain('horoscope');
  });

  it.each([
    ['account', 0],
    ['snap-declaration', 1],
    ['snap-revision', 2],
  ])('are refused: the %s is missing', async (type, index) => {
    const snap = signed('jq', 6, { declaration: { 'publisher-id': 'someone' } });
    const all = [authority.publisher('someone'), ...snap.assertions.slice(1)];
    // The held snap has brought the developer's account, so that the publisher's alone is missing.
    const stream = encodeAssertionStream(all.filter((_, at) => at !== index));
    const { code, message } = await refused({ ...snap, stream });
    expect(['assertion-refused', 'snap-refused']).toContain(code);
    expect(message).toMatch(
      /test\.tar\.gz: (?:assertions\/0-jq\.assert|snaps\/\w+\.snap): .*(?:account|declaration|snap-revision)/,
    );
    expect(message).toContain(type === 'account' ? 'someone' : type);
  });

  it('are refused: a chain that ends at a root that is not trusted', async () => {
    const foreign = TestAuthority.create('foreignroot');
    const snap = foreign.snap({ name: 'jq', snapId: jq, revision: 6 });
    const stream = encodeAssertionStream([...foreign.roots, ...snap.assertions]);
    const { code, message } = await refused({ ...snap, stream });
    expect(code).toBe('assertion-refused');
    expect(message).toContain('test.tar.gz: assertions/0-jq.assert: ');
    expect(message).toContain('foreignroot');
  });

  it('are refused: a key that has expired', async () => {
    const { key, accountKey } = authority.delegate({ since: '2025-01-01T00:00:00Z', until: '2026-06-01T00:00:00Z' });
    const snap = authority.snap({ name: 'jq', snapId: jq, revision: 6 }, key);
    const stream = encodeAssertionStream([accountKey, ...snap.assertions]);
    const { code, message } = await refused({ ...snap, stream });
    expect(code).toBe('assertion-refused');
    expect(message).toMatch(/assertions\/0-jq\.assert: .*not valid now/);
  });

  it('are refused: one whose bytes were changed', async () => {
    const snap = signed('jq', 6);
    const stream = Buffer.from(snap.stream.toString().replace('snap-name: jq', 'snap-name: qj'));
    const { code, message } = await refused({ ...snap, stream });
    expect(code).toBe('assertion-refused');
    expect(message).toContain('assertions/0-jq.assert: ');
  });

  it('are refused: a declaration that is revoked', async () => {
    const { code, message } = await refused(signed('jq', 6, { declaration: { 'snap-name': '' } }));
    expect(code).toBe('snap-refused');
    expect(message).toContain(`${place}has a snap-declaration that is revoked`);
  });

  it('are refused: a declaration that was revoked since, as the store knows', async () => {
    const current = await scene.open();
    await current.close();
    const revoked = signed('gone', 1, { declaration: { 'snap-name': '', revision: '1' } });
    const old = signed('gone', 1);
    const stream = encodeAssertionStream([...revoked.assertions, ...old.assertions.slice(1)]);
    const { code, message } = await refused({ ...old, stream });
    expect(code).toBe('snap-refused');
    expect(message).toContain('revoked');
  });
});

describe('a snap that is not what is signed', () => {
  it('is refused: the file of another revision', async () => {
    const other = signed('jq', 5);
    const bundle = bundleOf([{ snap: { ...signed('jq', 6), content: other.content, stream: other.stream } }]);
    const { code, message } = await scene.refusal(await scene.bundle(bundle));
    expect(code).toBe('snap-refused');
    expect(message).toContain(`${place}is declared as revision 6 of ${jq}, and signed as revision 5 of ${jq}`);
  });

  it('is refused: the file of another snap', async () => {
    const other = signed('yq', 6);
    const { code, message } = await refused({ ...signed('jq', 6), content: other.content, stream: other.stream });
    expect(code).toBe('snap-refused');
    expect(message).toContain(
      `${place}is declared as revision 6 of ${jq}, and signed as revision 6 of ${testSnapId('yq')}`,
    );
  });

  it('is refused: a pair whose files are of two revisions', async () => {
    const path = await scene.pair({ ...signed('jq', 6), content: signed('jq', 5).content });
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('snap-refused');
    expect(message).toMatch(/jq_6\.snap: has the SHA3-384 digest [0-9a-f]{96}, for which there is no snap-revision/);
  });

  it.each([
    ['more', 1],
    ['fewer', -1],
  ])('is refused: its assertion says %s bytes', async (_, difference) => {
    const content = snapFile({ name: 'jq', snapId: jq, revision: 6 });
    const snapRevision = { 'snap-size': String(content.length + difference) };
    const { code, message } = await refused(signed('jq', 6, { content, snapRevision }));
    expect(code).toBe('snap-refused');
    expect(message).toContain(`${place}has ${content.length} bytes, and its snap-revision assertion says`);
  });

  it('is refused: bytes that were changed after it was signed', async () => {
    const snap = signed('jq', 6);
    const content = Buffer.from(snap.content);
    content.writeUInt8(content.readUInt8(9000) ^ 1, 9000);
    const pair = await scene.pair({ ...snap, content });
    expect(await scene.refusal(pair)).toMatchObject({ code: 'snap-refused' });
    const bundle = bundleOf([{ snap }]);
    const path = await scene
      .bundle({ ...bundle, contents: new Map(bundle.contents).set(member, content) })
      .catch(String);
    expect(path).toContain('SHA3-384');
  });

  it('is refused: a name in the manifest that is not the declared one', async () => {
    const snap = signed('jq', 6);
    const bundle = bundleOf([{ snap }]);
    const snaps = bundle.manifest.snaps.map((one) => ({ ...one, name: 'jaq' }));
    const { code, message } = await scene.refusal(
      await scene.bundle({ ...bundle, manifest: { ...bundle.manifest, snaps } }),
    );
    expect(code).toBe('snap-refused');
    expect(message).toContain(`${place}is declared as "jaq", and its snap-declaration says "jq"`);
  });

  it.each([
    ['another name', 'name: jaq\nversion: 1\n', `${place}is called "jaq" in its snap.yaml, and "jq" in its`],
    ['another provenance', 'name: jq\nversion: 1\nprovenance: factory\n', `${place}has the provenance "factory"`],
    ['no name', 'version: 1\n', place],
    ['an epoch that is none', 'name: jq\nversion: 1\nepoch: never\n', place],
    ['a type that is none', 'name: jq\nversion: 1\ntype: teapot\n', place],
    ['no YAML', '{', place],
    ['a NUL', 'name: jq\nversion: 1\ngrade: "a\\0b"\n', place],
  ])('is refused: a snap.yaml with %s', async (_, snapYaml, words) => {
    const { code, message } = await refused(signed('jq', 6, { snapYaml }));
    expect(code).toMatch(/^(?:snap-refused|invalid-snap-yaml)$/);
    expect(message).toContain(words);
  });

  it.each([
    ['is no squashfs', Buffer.alloc(20_000, 'not a snap ')],
    ['is cut short', snapFile({ name: 'jq', snapId: jq, revision: 6 }).subarray(0, 200)],
    ['has no snap.yaml', snapWithout()],
  ])('is refused: a signed file that %s', async (_, content) => {
    const { code, message } = await refused(signed('jq', 6, { content }));
    expect(code).toMatch(/^snap-file-(?:damaged|no-such-file)$/);
    expect(message).toContain(place);
  });

  it('is refused: a revision that is larger than any the database can keep', async () => {
    const { code, message } = await scene.refusal(await scene.pair(signed('jq', 4_000_000_000)));
    expect(code).toBe('content-unstorable');
    expect(message).toMatch(/jq_4000000000\.snap: cannot be kept: .*4000000000/);
  });

  it('is refused: a provenance that its declaration does not allow', async () => {
    const snapYaml = 'name: jq\nversion: 1\nprovenance: factory\n';
    const { code, message } = await refused(signed('jq', 6, { snapYaml, snapRevision: { provenance: 'factory' } }));
    expect(code).toBe('assertion-refused');
    expect(message).toContain('assertions/0-jq.assert: ');
  });
});

it('leaves what was there before as it was', async () => {
  expect(await scene.releases()).toEqual(['latest/stable amd64 1 import']);
  expect((await scene.ledger()).filter(({ state }) => state === 'running')).toEqual([]);
});

/** A sound image whose meta/snap.yaml has another name of the same length. */
function snapWithout(): Buffer {
  const content = Buffer.from(snapFile({ name: 'jq', snapId: jq, revision: 6 }));
  const at = content.indexOf('snap.yaml');
  content.write('snap.toml', at);
  return content;
}
