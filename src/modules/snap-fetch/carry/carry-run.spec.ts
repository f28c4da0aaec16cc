import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { sha3 } from '../../../../test/support/bundles.js';
import { plannedSnap, planFor } from '../../../../test/support/fake-online-store.js';
import { testSnapId } from '../../../../test/support/test-authority.js';
import { tinySquashfs } from '../../../../test/support/tiny-squashfs.js';
import {
  type BundleManifest,
  type BundlePart,
  encodeManifest,
  NOTHING_ASSUMED,
  openBytes,
  readBundle,
} from '../../../formats/bundle/index.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import type { FetchProgress } from '../download/fetch-meter.js';
import { CarryRun } from './carry-run.js';
import { Unfinished } from './unfinished.js';
import { CarryScene } from '../../../../test/support/carry-scene.js';

const MIB = 1024 * 1024;
const scene = CarryScene.here();
const { authority, cacheFolder, carry, exportDir, signer, snap } = scene;

/** Reads it as the other side will: every digest is held against the manifest and the sums. */
async function readWhole(path: string): Promise<{ manifest: BundleManifest; parts: BundlePart[] }> {
  const parts: BundlePart[] = [];
  let manifest: BundleManifest | null = null;
  for await (const part of readBundle(openBytes(path), { file: path })) {
    parts.push(part);
    if (part.kind === 'head') manifest = part.manifest;
    if (part.kind === 'head' || part.kind === 'assertions') continue;
    const hash = createHash('sha3-384');
    for await (const chunk of part.content) hash.update(chunk);
    part.confirm(Sha3_384.fromBytes(hash.digest()));
  }
  if (manifest === null) throw new Error('no manifest');
  return { manifest, parts };
}

describe(CarryRun.name, () => {
  it('writes a signed bundle with the snaps, and the assertions that prove them in the order that they need', async () => {
    const [jq, base] = [snap('jq', { revision: 6 }), snap('core22')];
    const [carried] = await carry(planFor(jq, base));
    expect(carried).toMatchObject({
      name: 'jq',
      paths: [join(exportDir(), 'jq-20260102T030405.tar.gz')],
      signer: signer.keyId,
      snaps: [
        { name: 'core22', revisions: [1] },
        { name: 'jq', revisions: [6] },
      ],
      bytesDownloaded: jq.content.length + base.content.length,
      bytesFromCache: 0,
      notes: [],
    });
    const path = carried?.paths[0] ?? '';
    const bytes = await readFile(path);
    expect(carried?.sizeBytes).toBe(bytes.length);
    const { manifest, parts } = await readWhole(path);
    expect(manifest).toMatchObject({ created: '2026-01-02T03:04:05Z', tool: { name: 'test', version: '1' } });
    expect(manifest.assertions).toMatchObject([{ count: 5 }]);
    expect(parts.find((part) => part.kind === 'head')).toMatchObject({ signer: { keyId: signer.keyId } });
    expect(await readdir(exportDir())).toEqual(['jq-20260102T030405.tar.gz']);
    // Each was asked for once: four of the two snaps, and their publisher.
    expect(scene.store.assertionsAsked).toBe(5);
  });

  it('downloads nothing again, whatever happened to what was downloaded', async () => {
    const jq = snap('jq', { sizeBytes: 3 * MIB });
    await carry(planFor(jq));
    const sent = scene.store.bytesSent;
    const [again] = await carry(planFor(jq));
    expect(scene.store.bytesSent).toBe(sent);
    expect(again).toMatchObject({ bytesDownloaded: 0, bytesFromCache: jq.content.length });
    expect(again?.paths).toEqual([join(exportDir(), 'jq-20260102T030405-2.tar.gz')]);
    const whole = join(cacheFolder(), sha3(jq.content).hex);
    await writeFile(whole, Buffer.alloc(jq.content.length, 7));
    const [repaired] = await carry(planFor(jq));
    expect(repaired).toMatchObject({ bytesDownloaded: jq.content.length, bytesFromCache: 0 });
    await readWhole(repaired?.paths[0] ?? '');
  });

  it('goes on where a connection broke, and where an earlier run stopped', async () => {
    const jq = snap('jq', { sizeBytes: 6 * MIB });
    const url = 'https://store.test/jq_1.snap';
    scene.store.troubles.set(url, { breaksAfter: [2.5 * MIB, 100] });
    const [carried] = await carry(planFor(jq));
    expect(scene.store.downloads.map(({ from }) => from)).toEqual([0, 2.5 * MIB, 2.5 * MIB + 100]);
    expect(scene.store.bytesSent).toBe(jq.content.length);
    await readWhole(carried?.paths[0] ?? '');

    const part = join(cacheFolder(), `${sha3(jq.content).hex}.part`);
    await rm(join(cacheFolder(), sha3(jq.content).hex));
    await writeFile(part, jq.content.subarray(0, 5 * MIB + 17));
    scene.store.troubles.clear();
    const [resumed] = await carry(planFor(jq));
    expect(scene.store.downloads.at(-1)).toMatchObject({ from: 5 * MIB + 17, bytes: MIB - 17 });
    expect(resumed).toMatchObject({ bytesDownloaded: MIB - 17, bytesFromCache: 5 * MIB + 17 });
    await readWhole(resumed?.paths[0] ?? '');
  });

  it('begins again where what an earlier run left is damaged', async () => {
    const jq = snap('jq', { sizeBytes: 3 * MIB });
    await carry(planFor(jq));
    await rm(join(cacheFolder(), sha3(jq.content).hex));
    await writeFile(join(cacheFolder(), `${sha3(jq.content).hex}.part`), Buffer.alloc(MIB, 9));
    const [carried] = await carry(planFor(jq));
    await readWhole(carried?.paths[0] ?? '');
    expect(scene.store.downloads.slice(-2).map(({ from }) => from)).toEqual([MIB, 0]);
  });

  it('takes what it lacks out of all of it, where the store knows no ranges', async () => {
    const jq = snap('jq', { sizeBytes: 3 * MIB });
    scene.store.troubles.set('https://store.test/jq_1.snap', { ignoresRange: true, breaksAfter: [2 * MIB + 5] });
    const [carried] = await carry(planFor(jq));
    await readWhole(carried?.paths[0] ?? '');
  });

  it('downloads for several bundles at once, and what both need only once', async () => {
    const [jq, yq, base] = [snap('jq'), snap('yq'), snap('core22')];
    const plan = { bundles: [...planFor(jq, base).bundles, ...planFor(yq, base).bundles] };
    const [first, second] = await carry(plan);
    expect(scene.store.downloads).toHaveLength(3);
    expect(first).toMatchObject({ bytesFromCache: 0 });
    expect(second).toMatchObject({ bytesDownloaded: yq.content.length, bytesFromCache: base.content.length });
    await readWhole(second?.paths[0] ?? '');
  });

  it('carries components with the assertions that pair them, and without their files where those are assumed', async () => {
    const jq = snap('jq');
    const yaml = 'component: jq+docs\ntype: standard\n';
    const content = tinySquashfs({ 'meta/component.yaml': yaml }, { sizeBytes: 16_384 });
    const url = 'https://store.test/docs';
    scene.store.files.set(url, content);
    const ids = { 'snap-id': testSnapId('jq'), 'resource-name': 'docs', 'resource-revision': '3' };
    const digest = sha3(content);
    scene.store.know(
      authority.sign('snap-resource-revision', {
        ...ids,
        'resource-sha3-384': digest.base64url,
        'resource-size': String(content.length),
        'developer-id': 'testpublisher',
      }),
      authority.sign('snap-resource-pair', { ...ids, 'snap-revision': '1', 'developer-id': 'testpublisher' }),
    );
    const component = {
      store: {
        name: 'docs',
        revision: 3,
        type: 'standard',
        version: null,
        createdAt: null,
        download: { url, size: content.length, digest },
      },
      isAssumed: false,
    };
    const planned = plannedSnap(jq, { components: [component] });
    const bundle = { name: 'jq', snaps: [planned], assertions: [], assumes: NOTHING_ASSUMED };
    const [carried] = await carry({ bundles: [bundle] });
    const { manifest } = await readWhole(carried?.paths[0] ?? '');
    expect(manifest.snaps[0]).toMatchObject({
      components: [{ name: 'docs', revision: 3, size: content.length }],
      revisions: [{ components: [{ name: 'docs', revision: 3 }] }],
    });
    expect(manifest.assertions).toMatchObject([{ count: 5 }]);

    const assumed = { snapId: testSnapId('jq'), name: 'docs', revision: 3, digest };
    const slim = {
      ...bundle,
      snaps: [plannedSnap(jq, { components: [{ ...component, isAssumed: true }] })],
      assumes: { ...NOTHING_ASSUMED, components: [assumed] },
    };
    const [incremental] = await carry({ bundles: [slim] });
    const read = await readWhole(incremental?.paths[0] ?? '');
    expect(read.manifest.snaps[0]?.components).toEqual([]);
    expect(read.manifest.assertions).toMatchObject([{ count: 4 }]);
  });

  it('takes pictures along, and notes those that cannot be had', async () => {
    const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(100)]);
    const old = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(90)]);
    const media = ['icon', 'old', 'page', 'gone'].map((name) => {
      return {
        type: name === 'icon' ? 'icon' : 'screenshot',
        url: `https://store.test/${name}`,
        width: 64,
        height: null,
      };
    });
    scene.store.files.set('https://store.test/icon', png);
    scene.store.files.set('https://store.test/old', old);
    scene.store.files.set('https://store.test/page', Buffer.from('<html></html>'));
    const snaps = [plannedSnap(snap('jq'), { media })];
    const assumes = { ...NOTHING_ASSUMED, media: [sha3(old), sha3(Buffer.from('of another snap'))] };
    const plan = { bundles: [{ name: 'jq', snaps, assertions: [], assumes }] };
    const [carried] = await carry(plan);
    expect(carried?.notes).toEqual([
      expect.stringMatching(/^jq: its screenshot is left out: .*is no picture/),
      expect.stringMatching(/^jq: its screenshot is left out: nothing lies at/),
    ]);
    const { manifest } = await readWhole(carried?.paths[0] ?? '');
    expect(manifest.media).toEqual([{ digest: sha3(png), size: png.length, contentType: 'image/png' }]);
    expect(manifest.assumes.media).toEqual([sha3(old)]);
    expect(manifest.snaps[0]?.metadata?.media).toMatchObject([
      { type: 'icon', digest: sha3(png), width: 64, height: null },
      { type: 'screenshot', digest: sha3(old) },
    ]);
    const asked = scene.store.downloads.length;
    await carry(plan);
    expect(scene.store.downloads).toHaveLength(asked + 1);
  });

  it('writes parts where it is asked to, which are the bundle cut', async () => {
    const jq = snap('jq', { sizeBytes: 2 * MIB });
    const [whole] = await carry(planFor(jq));
    const [split] = await carry(planFor(jq), { splitBytes: MIB });
    expect(split?.paths).toHaveLength(3);
    const joined = Buffer.concat(await Promise.all((split?.paths ?? []).map((path) => readFile(path))));
    expect(joined.length).toBe(whole?.sizeBytes);
    await writeFile(join(scene.folder, 'joined'), joined);
    const { manifest } = await readWhole(join(scene.folder, 'joined'));
    expect(sha3(encodeManifest(manifest)).hex).toBe(split?.manifestSha3_384Hex);
  });

  it('says how far it is, how fast it goes and how long it takes', async () => {
    const jq = snap('jq', { sizeBytes: 4 * MIB });
    scene.store.troubles.set('https://store.test/jq_1.snap', { pieceMs: 5 });
    const seen: FetchProgress[] = [];
    await carry(planFor(jq), { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['fetching assertions', 'downloading jq_1.snap']) as string[],
    );
    const known = seen.filter(({ bytesPerSecond }) => bytesPerSecond !== null && bytesPerSecond > 0);
    expect(known.length).toBeGreaterThan(0);
    expect(known.every(({ done, total }) => total === 4 * MIB && done <= total)).toBe(true);
    expect(known[0]?.secondsLeft).toBeGreaterThan(0);
  });

  it('stops at the signal, and leaves what has come for the next run', async () => {
    const jq = snap('jq', { sizeBytes: 16 * MIB });
    scene.store.troubles.set('https://store.test/jq_1.snap', { pieceMs: 2 });
    const stop = new AbortController();
    const reason = new Error('the operator pressed Ctrl-C');
    const onProgress = ({ done }: FetchProgress): void => {
      if (done > 5 * MIB) stop.abort(reason);
    };
    await expect(carry(planFor(jq), { signal: stop.signal, onProgress })).rejects.toBe(reason);
    expect(await readdir(exportDir())).toEqual([]);
    const { size } = await stat(join(cacheFolder(), `${sha3(jq.content).hex}.part`));
    expect(size).toBeGreaterThan(3 * MIB);
    await carry(planFor(jq));
    expect(scene.store.downloads.map(({ from }) => from)).toEqual([0, size]);
  });

  it('takes away what a run that was killed left where bundles are written', async () => {
    const jq = snap('jq');
    await carry(planFor(jq));
    const prefix = Unfinished.prefixOf(join(exportDir(), 'jq.tar.gz'), '6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11');
    await writeFile(`${prefix}partial`, 'half');
    await writeFile(join(exportDir(), '.other'), 'stays');
    await new Unfinished(join(cacheFolder(), 'unfinished.json')).remember(prefix);
    await carry(planFor(jq));
    expect((await readdir(exportDir())).filter((name) => name.startsWith('.'))).toEqual(['.other']);
  });
});
