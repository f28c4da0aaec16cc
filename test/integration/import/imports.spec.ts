import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { BlobReader } from '../../../src/modules/blobs/index.js';
import { ImportService } from '../../../src/modules/snap-import/index.js';
import { gzipped, sha3 } from '../../support/bundles.js';
import { rawTar } from '../../support/raw-tar.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();

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
