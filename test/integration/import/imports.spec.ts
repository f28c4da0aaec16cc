import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { BlobReader } from '../../../src/modules/blobs/index.js';
import { ImportService } from '../../../src/modules/snap-import/index.js';
import { gzipped, newSigner, plainMetadata, sha3, unpackBundle } from '../../support/bundles.js';
import { rawTar } from '../../support/raw-tar.js';
import { testSnapId } from '../../support/test-authority.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();
const BEFORE = new Date('2020-01-01T00:00:00Z');

describe('a pair', () => {
  it('becomes a held revision on latest/stable, with its assertions and a sound blob', async () => {
    const jq = signed('jq', 6);
    const report = await scene.import(await scene.pair(jq));
    expect(report).toMatchObject({
      file: 'jq_6.snap',
      kind: 'pair',
      bundleId: null,
      alreadyImported: false,
      signature: { state: 'unsigned', signer: null },
      revisions: [{ name: 'jq', revision: 6, version: '6.0', architectures: ['amd64'], outcome: 'added' }],
      releases: [{ channel: 'latest/stable', architecture: 'amd64', from: null, to: 6, outcome: 'moved' }],
      assertions: { added: 3, updated: 0, unchanged: 0 },
    });
    expect(await scene.releases()).toEqual(['latest/stable amd64 6 import']);
    const blob = await scene.store.context.get(BlobReader).find(sha3(jq.content).hex);
    const chunks: Buffer[] = [];
    for await (const chunk of blob!.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(jq.content)).toBe(true);
    expect(await scene.ledger()).toEqual([{ state: 'done', source: 'jq_6.snap', bundle_id: null, reason: null }]);
    expect(await scene.store.stagings()).toEqual([]);
  });

  it('pushed again says so and changes nothing, even where its channel has moved on since', async () => {
    const path = await scene.pair(signed('jq', 6));
    await scene.import(path);
    await scene.import(await scene.pair(signed('jq', 7)));
    const tables = await scene.store.tables();
    const again = await scene.import(path);
    expect(again).toMatchObject({ alreadyImported: true, releases: [], revisions: [{ outcome: 'unchanged' }] });
    expect(await scene.store.tables()).toBe(tables);
  });

  it('pushed again with a channel is released there', async () => {
    const path = await scene.pair(signed('jq', 6));
    await scene.import(path);
    const again = await scene.import(path, { channel: Channel.parse('2.0/edge') });
    expect(again).toMatchObject({ alreadyImported: false, revisions: [{ outcome: 'unchanged' }] });
    expect(await scene.releases()).toEqual(['2.0/edge amd64 6 hand', 'latest/stable amd64 6 import']);
  });

  it('with a channel goes there and nowhere else', async () => {
    await scene.import(await scene.pair(signed('jq', 6)), { channel: Channel.parse('beta') });
    expect(await scene.releases()).toEqual(['latest/beta amd64 6 hand']);
  });

  it('leaves what somebody released by hand where that is newer', async () => {
    await scene.import(await scene.pair(signed('jq', 7)), { channel: Channel.parse('stable') });
    const report = await scene.import(await scene.pair(signed('jq', 6)));
    expect(report.releases).toMatchObject([{ from: 7, to: 7, outcome: 'kept' }]);
    expect(await scene.releases()).toEqual(['latest/stable amd64 7 hand']);
  });

  it('is found by its .assert too, and refuses a channel map to push', async () => {
    const path = await scene.pair(signed('jq', 6));
    expect(await scene.refusal(path, { replaceMap: true })).toMatchObject({ code: 'import-option' });
    const report = await scene.import(path.replace('.snap', '.assert'));
    expect(report.revisions).toMatchObject([{ revision: 6, outcome: 'added' }]);
  });

  it('takes what its snap.yaml says of the snap', async () => {
    const snapYaml = [
      'name: jq',
      'version: v1.6+git',
      'type: app',
      'architectures: [arm64, armhf]',
      'epoch: 2*',
      'confinement: classic',
      'grade: devel',
      'apps: {jq: {command: bin/jq, common-id: org.example.jq}}',
      '',
    ].join('\n');
    await scene.import(await scene.pair(signed('jq', 6, { snapYaml })));
    const [row] = await scene.store.query('SELECT * FROM snap_store.snap_revision');
    expect(row).toMatchObject({
      version: 'v1.6+git',
      type: 'app',
      base: null,
      confinement: 'classic',
      grade: 'devel',
      architectures: ['arm64', 'armhf'],
      epoch: { read: [1, 2], write: [2] },
      provenance: 'global-upload',
      snap_yaml: snapYaml,
      common_ids: ['org.example.jq'],
      developer_id: 'testpublisher',
      created_at: new Date('2026-01-01T00:00:00Z'),
    });
    expect(await scene.releases()).toEqual(['latest/stable arm64 6 import', 'latest/stable armhf 6 import']);
  });

  it('with a provenance of its own is taken where its declaration allows that', async () => {
    const snapYaml = 'name: jq\nversion: 1\nprovenance: factory\n';
    const allowed = { 'revision-authority': [{ 'account-id': 'testauthority', provenance: ['factory'] }] };
    const jq = signed('jq', 6, { snapYaml, declaration: allowed, snapRevision: { provenance: 'factory' } });
    expect((await scene.import(await scene.pair(jq))).revisions).toMatchObject([{ outcome: 'added' }]);
    expect(await scene.store.query('SELECT provenance FROM snap_store.snap_revision')).toEqual([
      { provenance: 'factory' },
    ]);
  });
});

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
      signature: { state: 'known-signer', signer: bundle.signer!.keyId },
    });
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

  it('that nobody signed is taken and marked', async () => {
    const report = await scene.import(await scene.bundle(bundleOf([{ snap: signed('jq', 6) }])));
    expect(report.signature).toEqual({ state: 'unsigned', signer: null });
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
      revisions: [{ name: 'jq', revision: 6, outcome: 'unchanged' }],
      releases: [],
    });
    expect(await scene.store.tables()).toBe(tables);
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

  it('checks pictures and says that they are not kept', async () => {
    const media = [{ bytes: Buffer.from('PNG'), contentType: 'image/png' as const }];
    const report = await scene.import(await scene.bundle(bundleOf([{ snap: signed('jq', 6) }], { media })));
    expect(report.notes).toEqual(['1 pictures were checked and are not kept yet']);
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

  it('with components is refused by name', async () => {
    const jq = signed('jq', 6);
    const bundle = bundleOf([{ snap: jq }], {
      snaps: [
        {
          name: 'jq',
          snapId: testSnapId('jq'),
          revisions: [{ revision: 6, content: jq.content, components: [{ name: 'docs', revision: 1 }] }],
          components: [{ name: 'docs', revision: 1, content: Buffer.from('component') }],
        },
      ],
    });
    const { code, message } = await scene.refusal(await scene.bundle(bundle));
    expect(code).toBe('components-unsupported');
    expect(message).toContain(`components/${testSnapId('jq')}_docs_1.comp`);
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

describe('other ways to carry snaps', () => {
  it('takes a folder of pairs, one after the other', async () => {
    await scene.pair(signed('jq', 6));
    await scene.pair(signed('yq', 2));
    const reports = await scene.imports.importPath(scene.folder);
    expect(reports.map(({ file }) => file)).toEqual(['jq_6.snap', 'yq_2.snap']);
  });

  it.each(['before', 'after'])('takes a tarball of pairs in any layout, assertions %s the snaps', async (order) => {
    const snaps = [signed('jq', 6), signed('yq', 2)];
    const entries = snaps.flatMap(({ plan, content, stream }) => [
      { path: `export/${plan.name}_${plan.revision}.assert`, content: stream },
      { path: `export/${plan.name}_${plan.revision}.snap`, content },
    ]);
    const tar = rawTar([{ path: 'export/channel-map.json' }, ...(order === 'before' ? entries : entries.reverse())]);
    const report = await scene.import(await scene.write('export.tar.gz', gzipped(tar)));
    expect(report).toMatchObject({ kind: 'pair', signature: { state: 'unsigned' } });
    expect(report.revisions).toHaveLength(2);
    expect(report.notes).toContain('the layout of this tarball is not known: its channel map was not read');
    expect(await scene.releases()).toEqual(['latest/stable amd64 2 import', 'latest/stable amd64 6 import']);
  });
});

describe('a dry run', () => {
  it('reports what would change and changes nothing', async () => {
    await scene.import(await scene.pair(signed('jq', 5)));
    const [tables, files] = [await scene.store.tables(), await scene.store.blobFiles()];
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }]));
    const report = await scene.import(path, { dryRun: true });
    expect(report).toMatchObject({
      dryRun: true,
      alreadyImported: false,
      revisions: [{ revision: 6, outcome: 'added' }],
      releases: [{ from: 5, to: 6, outcome: 'moved' }],
      assertions: { added: 1, unchanged: 2 },
    });
    await scene.expectNothingLeft(tables, files);
    expect(await scene.ledger()).toHaveLength(1);
    expect((await scene.import(path)).releases).toEqual(report.releases);
  });
});

describe('a blob that is held', () => {
  it('is verified and not written again', async () => {
    const jq = signed('jq', 6);
    const path = await scene.pair(jq);
    await scene.import(path);
    const [before] = await scene.store.query('SELECT stamp FROM snap_store.blob');
    await scene.import(path);
    expect(await scene.store.query('SELECT stamp FROM snap_store.blob')).toEqual([before]);
    await writeFile(path, Buffer.concat([jq.content.subarray(0, -1), Buffer.from('!')]));
    expect(await scene.refusal(path)).toMatchObject({ code: 'snap-refused' });
  });

  it.each(['missing', 'damaged'])('and is %s is made whole by pushing it again', async (fault) => {
    const jq = signed('jq', 6);
    const path = await scene.bundle(bundleOf([{ snap: jq }]));
    await scene.import(path);
    const digest = sha3(jq.content).hex;
    const file = join(scene.store.dataDir, 'blobs', digest.slice(0, 2), digest);
    if (fault === 'missing') await rm(file);
    else await writeFile(file, Buffer.alloc(jq.content.length));
    expect(await scene.store.context.get(BlobReader).find(digest)).toBeNull();
    const report = await scene.import(path);
    expect(report.alreadyImported).toBe(false);
    expect(report.notes).toEqual(['revision 6 of jq was missing or damaged, and is whole again']);
    expect(await scene.store.context.get(BlobReader).find(digest)).not.toBeNull();
  });
});

describe('an import that is stopped', () => {
  it('leaves nothing, and says in the ledger why', async () => {
    const stop = new AbortController();
    const path = await scene.pair(signed('jq', 6, { sizeBytes: 6 << 20 }));
    const reason = new Error('enough');
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 3 << 20) stop.abort(reason);
    };
    await expect(scene.import(path, { signal: stop.signal, onProgress })).rejects.toBe(reason);
    await scene.expectNothingLeft('', []);
    expect(await scene.ledger()).toMatchObject([{ state: 'failed', reason: 'enough' }]);
  });

  it('by the store stopping leaves nothing either', async () => {
    const other = await scene.open({ dataDir: scene.store.dataDir });
    const path = await scene.pair(signed('jq', 6, { sizeBytes: 6 << 20 }));
    const closing: Promise<void>[] = [];
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 2 << 20 && closing.length === 0) closing.push(other.close());
    };
    await expect(other.context.get(ImportService).importPath(path, { onProgress })).rejects.toMatchObject({
      code: 'import-stopped',
    });
    await Promise.all(closing);
    await scene.expectNothingLeft('', []);
  });

  it('and killed is found dead by the next one', async () => {
    await scene.store.query(
      "INSERT INTO snap_store.import (id, source, state) VALUES (gen_random_uuid(), 'dead.tar.gz', 'running')",
    );
    await mkdir(join(scene.store.dataDir, 'blobs', 'staging', 'dead'), { recursive: true });
    await scene.import(await scene.pair(signed('jq', 6)));
    expect(await scene.ledger()).toMatchObject([{ state: 'failed', source: 'dead.tar.gz' }, { state: 'done' }]);
    expect(await scene.store.stagings()).toEqual([]);
  });
});

it('gives a name to one snap-id only', async () => {
  await scene.import(await scene.pair(signed('jq', 6)));
  const impostor = signed('jq', 1, { snapId: 'i'.repeat(32) });
  const { code, message } = await scene.refusal(await scene.pair(impostor));
  expect(code).toBe('snap-name-taken');
  expect(message).toContain('jq_1.snap: the name jq belongs to');
});

it('never takes another file under a revision that is held', async () => {
  await scene.import(await scene.pair(signed('jq', 6)));
  const other = signed('jq', 6, { snapYaml: 'name: jq\nversion: other\n' });
  expect(await scene.refusal(await scene.pair(other))).toMatchObject({ code: 'revision-conflict' });
});
