import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { encodeManifest } from '../../../src/formats/bundle/index.js';
import { Channel } from '../../../src/kernel/channel.js';
import { ImportService } from '../../../src/modules/snap-import/index.js';
import { newSigner, packBundle, plainMetadata, sha3, unpackBundle } from '../../support/bundles.js';
import { testSnapId } from '../../support/test-authority.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();
const BEFORE = new Date('2020-01-01T00:00:00Z');

describe('a bundle', () => {
  const wide = { architecture: 'amd64', releasedAt: null } as const;

  it('appears with all of its snaps on the channels that they were fetched from', async () => {
    const bundle = bundleOf(
      [
        { snap: signed('jq', 6), channels: ['latest/stable', 'latest/edge'] },
        { snap: signed('jq', 7), channels: ['latest/beta'] },
        { snap: signed('core22', 1, { snapYaml: 'name: core22\nversion: 1\ntype: base\n' }), channels: [] },
      ],
      { signer: newSigner() },
    );
    await scene.makeKnown(bundle.signer!);
    const report = await scene.import(await scene.bundle(bundle));
    expect(report).toMatchObject({
      kind: 'bundle',
      bundleId: bundle.manifest.id,
      signature: { state: 'known-signer', signer: bundle.signer!.keyId, signerName: 'the laptop' },
      checked: {
        extent: 'everything',
        manifestSha3_384: sha3(encodeManifest(bundle.manifest)).hex,
        assertions: { count: 6, byType: { account: 1, 'snap-declaration': 2, 'snap-revision': 3 } },
        snaps: { count: 3 },
        media: { count: 0, sizeBytes: 0 },
        policyVersion: null,
      },
      snaps: [
        { name: 'core22', outcome: 'added', isDescriptionNew: true },
        { name: 'jq', outcome: 'added', isDescriptionNew: true },
      ],
    });
    const { keys } = report.checked.assertions;
    expect(keys.reduce((sum, { count }) => sum + count, 0)).toBe(6);
    expect(report.revisions.map(({ name, revision, outcome }) => `${name} ${revision} ${outcome}`)).toEqual([
      'core22 1 added',
      'jq 6 added',
      'jq 7 added',
    ]);
    expect(await scene.releases()).toEqual([
      'latest/beta amd64 7 import',
      'latest/edge amd64 6 import',
      'latest/stable amd64 6 import',
    ]);
    expect(await scene.ledger()).toMatchObject([{ state: 'done', bundle_id: bundle.manifest.id }]);
  });

  it.each([0, 1])('with large snaps arrives byte for byte, packed at gzip level %i', async (level) => {
    const sizeBytes = 9 * 1024 * 1024 + 77;
    const snaps = [signed('jq', 6, { sizeBytes }), signed('yq', 3, { sizeBytes }), signed('aq', 7)];
    const packed = await packBundle(bundleOf(snaps.map((snap) => ({ snap }))));
    const path = await scene.write('large.tar.gz', level === 0 ? packed : gzipSync(gunzipSync(packed), { level }));
    const report = await scene.import(path);
    expect(report.revisions.map(({ outcome }) => outcome)).toEqual(['added', 'added', 'added']);
  });

  it('that nobody signed is taken and marked', async () => {
    const report = await scene.import(await scene.bundle(bundleOf([{ snap: signed('jq', 6) }])));
    expect(report.signature).toEqual({ state: 'unsigned', signer: null, signerName: null });
  });

  it('by an unknown signer is refused before anything in it is looked at', async () => {
    const bundle = bundleOf([{ snap: signed('jq', 6) }], { signer: newSigner() });
    const { code, message } = await scene.refusal(await scene.bundle(bundle));
    expect(code).toBe('signer-unknown');
    expect(message).toContain(`test.tar.gz: bundle.json: is signed by ${bundle.signer!.keyId}`);
  });

  it.each([
    ['any', 'unsigned', 'signature-required'],
    ['any', 'known', null],
    ['other', 'known', 'signature-required'],
    ['this', 'known', null],
  ])('with required signers "%s" and %s: %s', async (required, signature, code) => {
    const signer = newSigner();
    await scene.makeKnown(signer);
    const list = { any: 'any', other: newSigner().keyId, this: `${newSigner().keyId},${signer.keyId}` }[required]!;
    const strict = await scene.open({ settings: { 'proxy.policy.required-signers': list } });
    try {
      const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }], signature === 'known' ? { signer } : {}));
      const result = strict.context.get(ImportService).importPath(path);
      if (code === null) await expect(result).resolves.toHaveLength(1);
      else await expect(result).rejects.toMatchObject({ code });
    } finally {
      await strict.close();
    }
  });

  it('pushed again is known by its id and not read again', async () => {
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }]));
    await scene.import(path);
    const tables = await scene.store.tables();
    // Cut off behind the manifest: who reads on fails.
    await truncate(path, 6000);
    expect(await scene.import(path)).toMatchObject({
      alreadyImported: true,
      checked: { extent: 'manifest', assertions: { count: 0 }, snaps: { count: 0 } },
      snaps: [{ name: 'jq', outcome: 'unchanged', publisher: null }],
      revisions: [{ name: 'jq', revision: 6, outcome: 'unchanged' }],
      releases: [],
    });
    expect(await scene.store.tables()).toBe(tables);
  });

  it('that was pushed to a channel by hand, and again without it, goes where it was fetched from', async () => {
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6), channels: ['latest/edge'] }]));
    await scene.import(path, { channel: Channel.parse('candidate') });
    expect(await scene.releases()).toEqual(['latest/candidate amd64 6 hand']);
    expect(await scene.import(path)).toMatchObject({ alreadyImported: false, revisions: [{ outcome: 'unchanged' }] });
    expect(await scene.releases()).toEqual(['latest/candidate amd64 6 hand', 'latest/edge amd64 6 import']);
    expect(await scene.import(path)).toMatchObject({ alreadyImported: true, checked: { extent: 'manifest' } });
  });

  it('pushed again after one of its snaps was removed brings that back', async () => {
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }, { snap: signed('yq', 1) }]));
    await scene.import(path);
    await scene.store.query("DELETE FROM snap_store.snap WHERE name = 'yq'");
    const report = await scene.import(path);
    expect(report.alreadyImported).toBe(false);
    expect(report.revisions.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['jq unchanged', 'yq added']);
  });

  it('pushed with its channel map replaces what is there, by hand or not', async () => {
    await scene.import(await scene.pair(signed('jq', 9)), { channel: Channel.parse('stable') });
    await scene.import(await scene.pair(signed('jq', 8)), { channel: Channel.parse('edge') });
    const jq = signed('jq', 6);
    const bundle = bundleOf([{ snap: jq }]);
    const [map] = bundle.manifest.snaps;
    const channelMap = [
      { ...wide, channel: Channel.parse('stable'), revision: 6, requested: true },
      { ...wide, channel: Channel.parse('2.0/beta'), revision: 6, requested: false, releasedAt: BEFORE.toISOString() },
    ];
    const withMap = { ...bundle, manifest: { ...bundle.manifest, snaps: [{ ...map!, channelMap }] } };
    await scene.import(await scene.bundle(withMap), { replaceMap: true });
    expect(await scene.releases()).toEqual([
      '2.0/beta amd64 6 import',
      'latest/edge amd64 - import',
      'latest/stable amd64 6 import',
    ]);
    const [row] = await scene.store.query("SELECT released_at FROM snap_store.release WHERE channel = '2.0/beta'");
    expect(row).toEqual({ released_at: BEFORE });
  });

  it('keeps what the online store says of a snap', async () => {
    const jq = signed('jq', 6);
    const metadata = plainMetadata({ title: 'jq', links: { website: ['https://example.org'] }, license: 'MIT' });
    const bundle = bundleOf([{ snap: jq }], {
      snaps: [
        {
          name: 'jq',
          snapId: testSnapId('jq'),
          revisions: [{ revision: 6, content: jq.content, channels: ['1.6/stable'] }],
          defaultTrack: '1.6',
          metadata,
        },
      ],
    });
    await scene.import(await scene.bundle(bundle));
    expect(await scene.store.query('SELECT name, default_track, metadata FROM snap_store.snap')).toEqual([
      {
        name: 'jq',
        default_track: '1.6',
        metadata: { title: 'jq', license: 'MIT', links: { website: ['https://example.org'] } },
      },
    ]);
  });

  it('may be unpacked', async () => {
    const unpacked = join(scene.folder, 'unpacked');
    await unpackBundle(bundleOf([{ snap: signed('jq', 6) }]), unpacked);
    expect(await scene.import(unpacked)).toMatchObject({ kind: 'bundle', revisions: [{ outcome: 'added' }] });
  });

  it('that leaves out what the store holds is taken, and refused where the store does not hold it', async () => {
    const [old, recent] = [signed('jq', 5), signed('jq', 6)];
    const assumed = { snapId: testSnapId('jq'), name: 'jq', revision: 5, digest: sha3(old.content) };
    const bundle = bundleOf([{ snap: recent }], { assumes: { revisions: [assumed], components: [], media: [] } });
    const path = await scene.bundle(bundle);
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('bundle-assumption-missing');
    expect(message).toContain('test.tar.gz: bundle.json: counts on revision 5 of jq being held');
    await scene.import(await scene.pair(old));
    expect(await scene.import(path)).toMatchObject({ revisions: [{ revision: 6, outcome: 'added' }] });
  });

  it('imported by two processes at once is there once', async () => {
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }, { snap: signed('yq', 3) }]));
    const other = await scene.open({ dataDir: scene.store.dataDir });
    try {
      await Promise.all([scene.import(path), other.context.get(ImportService).importPath(path), scene.import(path)]);
    } finally {
      await other.close();
    }
    expect(await scene.store.blobFiles()).toHaveLength(2);
    expect(await scene.releases()).toHaveLength(2);
    await scene.expectNothingLeft(await scene.store.tables(), await scene.store.blobFiles());
  });
});
