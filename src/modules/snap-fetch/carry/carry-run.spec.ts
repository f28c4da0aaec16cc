import { createHash, randomFillSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { newSigner, sha3 } from '../../../../test/support/bundles.js';
import { FixedClock } from '../../../../test/support/authority.js';
import { FakeOnlineStore, plannedSnap, planFor } from '../../../../test/support/fake-online-store.js';
import { type SignedSnap, TestAuthority, testSnapId, usualYaml } from '../../../../test/support/test-authority.js';
import { tinySquashfs } from '../../../../test/support/tiny-squashfs.js';
import { TrustedRoots } from '../../../formats/assertion/index.js';
import {
  type BundleManifest,
  type BundlePart,
  encodeManifest,
  NOTHING_ASSUMED,
  openBytes,
  readBundle,
} from '../../../formats/bundle/index.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import { HashWorkers } from '../../../platform/hashing/hash-workers.js';
import { AssertionChains } from '../assertions/assertion-chains.js';
import { DownloadCache } from '../download/download-cache.js';
import type { FetchProgress } from '../download/fetch-meter.js';
import type { FetchPlan } from '../plan/fetch-plan.js';
import { type CarriedBundle, CarryRun, type CarryOptions } from './carry-run.js';
import { Unfinished } from './unfinished.js';

const MIB = 1024 * 1024;
const NOW = new Date('2026-01-02T03:04:05.678Z');
const LIMITS = { progressBytes: 64 * 1024, attempts: 3, pauseMs: 1 };

const authority = TestAuthority.create();
const roots = TrustedRoots.of(authority.roots);
const workers = new HashWorkers();
let folder: string;
let store: FakeOnlineStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'carry-'));
  store = new FakeOnlineStore();
});
afterEach(() => rm(folder, { recursive: true }));
afterAll(() => workers.beforeApplicationShutdown());

function snap(name: string, given: { revision?: number; sizeBytes?: number; snapYaml?: string } = {}): SignedSnap {
  const { revision = 1, sizeBytes = 16_384 } = given;
  const content = tinySquashfs({ 'meta/snap.yaml': given.snapYaml ?? usualYaml(name, revision) }, { sizeBytes });
  // What a test cuts out of it must be missed.
  if (sizeBytes > MIB) randomFillSync(content, 64 * 1024);
  const signed = authority.snap({ name, snapId: testSnapId(name), revision, content });
  store.put(signed);
  return signed;
}

const cacheFolder = (): string => join(folder, 'cache');
const exportDir = (): string => join(folder, 'out');

async function carry(plan: FetchPlan, given: Partial<CarryOptions> = {}): Promise<CarriedBundle[]> {
  const cache = new DownloadCache(cacheFolder());
  await cache.prepare();
  const unfinished = new Unfinished(join(cacheFolder(), 'unfinished.json'));
  await unfinished.sweep();
  const signal = given.signal ?? new AbortController().signal;
  const clock = new FixedClock(NOW);
  const chains = new AssertionChains({ store, roots, clock, signal });
  const run = new CarryRun(
    {
      store,
      exportDir: exportDir(),
      jobs: 2,
      splitBytes: null,
      tool: { name: 'test', version: '1' },
      limits: LIMITS,
      ...given,
      signal,
    },
    { cache, workers, clock, signer: SIGNER, chains, unfinished },
  );
  return run.carry(plan);
}
const SIGNER = newSigner();

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
      signer: SIGNER.keyId,
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
    expect(parts.find((part) => part.kind === 'head')).toMatchObject({ signer: { keyId: SIGNER.keyId } });
    expect(await readdir(exportDir())).toEqual(['jq-20260102T030405.tar.gz']);
    // Each was asked for once: four of the two snaps, and their publisher.
    expect(store.assertionsAsked).toBe(5);
  });

  it('downloads nothing again, whatever happened to what was downloaded', async () => {
    const jq = snap('jq', { sizeBytes: 3 * MIB });
    await carry(planFor(jq));
    const sent = store.bytesSent;
    const [again] = await carry(planFor(jq));
    expect(store.bytesSent).toBe(sent);
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
    store.troubles.set(url, { breaksAfter: [2.5 * MIB, 100] });
    const [carried] = await carry(planFor(jq));
    expect(store.downloads.map(({ from }) => from)).toEqual([0, 2.5 * MIB, 2.5 * MIB + 100]);
    expect(store.bytesSent).toBe(jq.content.length);
    await readWhole(carried?.paths[0] ?? '');

    const part = join(cacheFolder(), `${sha3(jq.content).hex}.part`);
    await rm(join(cacheFolder(), sha3(jq.content).hex));
    await writeFile(part, jq.content.subarray(0, 5 * MIB + 17));
    store.troubles.clear();
    const [resumed] = await carry(planFor(jq));
    expect(store.downloads.at(-1)).toMatchObject({ from: 5 * MIB + 17, bytes: MIB - 17 });
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
    expect(store.downloads.slice(-2).map(({ from }) => from)).toEqual([MIB, 0]);
  });

  it('takes what it lacks out of all of it, where the store knows no ranges', async () => {
    const jq = snap('jq', { sizeBytes: 3 * MIB });
    store.troubles.set('https://store.test/jq_1.snap', { ignoresRange: true, breaksAfter: [2 * MIB + 5] });
    const [carried] = await carry(planFor(jq));
    await readWhole(carried?.paths[0] ?? '');
  });

  it.each([
    ['other content', { content: Buffer.alloc(16_384, 1) }, 'fetch-refused', /^jq_1\.snap: .* instead of /],
    ['too much', { content: Buffer.alloc(20_000, 1), size: null }, 'upstream-answer', /^jq_1\.snap: .*more than/],
    ['another size', { size: 5 }, 'upstream-answer', /^jq_1\.snap: .*5 bytes where 16384/],
    [
      'too little',
      { content: Buffer.alloc(9), size: null },
      'upstream-unreachable',
      /^jq_1\.snap: .*at byte 9 of 16384/,
    ],
    ['nothing but a broken line', { breaksAfter: [0, 0, 0, 0] }, 'upstream-unreachable', /^jq_1\.snap: .*cable/],
  ])('writes no bundle where the store sends %s, and names the snap', async (_what, trouble, code, message) => {
    const jq = snap('jq');
    store.troubles.set('https://store.test/jq_1.snap', trouble);
    await expect(carry(planFor(jq))).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(await readdir(exportDir())).toEqual([]);
  });

  it.each<[string, (jq: SignedSnap) => void, RegExp]>([
    [
      'has no snap-revision for it',
      ({ assertions }) => store.assertions.delete(assertions[2]?.ref.id ?? ''),
      /^jq_1\.snap: the store has no snap-revision\//,
    ],
    [
      'has no account that the declaration needs',
      ({ assertions }) => store.assertions.delete(assertions[0]?.ref.id ?? ''),
      /the store has no account\/testpublisher, which snap-declaration\//,
    ],
    [
      'has a declaration by somebody else',
      ({ assertions }) => {
        const stranger = TestAuthority.create('testauthority');
        const headers = {
          series: '16',
          'snap-id': testSnapId('jq'),
          'snap-name': 'jq',
          'publisher-id': 'testpublisher',
        };
        store.know(stranger.sign('snap-declaration', headers), ...stranger.roots, ...assertions.slice(2));
      },
      /^jq: /,
    ],
    [
      'has a declaration of another name',
      () => {
        const headers = {
          series: '16',
          'snap-id': testSnapId('jq'),
          'snap-name': 'qj',
          'publisher-id': 'testpublisher',
        };
        store.know(authority.sign('snap-declaration', headers));
      },
      /^jq_1\.snap: the store says its name is "jq", and its snap-declaration "qj"/,
    ],
    [
      'has a snap-revision of another revision',
      ({ content }) => {
        const digest = sha3(content).base64url;
        const size = String(content.length);
        const headers = { 'snap-sha3-384': digest, 'snap-id': testSnapId('jq'), 'snap-size': size };
        store.know(
          authority.sign('snap-revision', { ...headers, 'snap-revision': '2', 'developer-id': 'testpublisher' }),
        );
      },
      /^jq_1\.snap: the store says its revision is "1", and its snap-revision "2"/,
    ],
  ])('downloads nothing where the store %s', async (_what, spoil, message) => {
    const jq = snap('jq');
    spoil(jq);
    const carrying = carry(planFor(jq));
    await expect(carrying).rejects.toMatchObject({
      code: 'fetch-refused',
      message: expect.stringMatching(message) as string,
    });
    expect(store.downloads).toEqual([]);
  });

  it.each([
    ['name', usualYaml('qj', 1), /says its name is "jq", and its snap.yaml "qj"/],
    ['version', usualYaml('jq', 2), /says its version is "1.0", and its snap.yaml "2.0"/],
    ['base', usualYaml('jq', 1).replace('core22', 'core24'), /says its base is "core22", and its snap.yaml "core24"/],
    [
      'architectures',
      usualYaml('jq', 1).replace('amd64', 'arm64'),
      /releases it for amd64, and its snap.yaml says arm64/,
    ],
    ['provenance', `${usualYaml('jq', 1)}provenance: elsewhere\n`, /its provenance is "global-upload"/],
  ])('writes no bundle where the snap itself has another %s than the store said', async (_what, snapYaml, message) => {
    await expect(carry(planFor(snap('jq', { snapYaml })))).rejects.toMatchObject({
      code: 'fetch-refused',
      message: expect.stringMatching(message) as string,
    });
    expect(await readdir(exportDir())).toEqual([]);
  });

  it('downloads for several bundles at once, and what both need only once', async () => {
    const [jq, yq, base] = [snap('jq'), snap('yq'), snap('core22')];
    const plan = { bundles: [...planFor(jq, base).bundles, ...planFor(yq, base).bundles] };
    const [first, second] = await carry(plan);
    expect(store.downloads).toHaveLength(3);
    expect(first).toMatchObject({ bytesFromCache: 0 });
    expect(second).toMatchObject({ bytesDownloaded: yq.content.length, bytesFromCache: base.content.length });
    await readWhole(second?.paths[0] ?? '');
  });

  it('carries components with the assertions that pair them, and without their files where those are assumed', async () => {
    const jq = snap('jq');
    const yaml = 'component: jq+docs\ntype: standard\n';
    const content = tinySquashfs({ 'meta/component.yaml': yaml }, { sizeBytes: 16_384 });
    const url = 'https://store.test/docs';
    store.files.set(url, content);
    const ids = { 'snap-id': testSnapId('jq'), 'resource-name': 'docs', 'resource-revision': '3' };
    const digest = sha3(content);
    store.know(
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
    store.files.set('https://store.test/icon', png);
    store.files.set('https://store.test/old', old);
    store.files.set('https://store.test/page', Buffer.from('<html></html>'));
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
    const asked = store.downloads.length;
    await carry(plan);
    expect(store.downloads).toHaveLength(asked + 1);
  });

  it('writes parts where it is asked to, which are the bundle cut', async () => {
    const jq = snap('jq', { sizeBytes: 2 * MIB });
    const [whole] = await carry(planFor(jq));
    const [split] = await carry(planFor(jq), { splitBytes: MIB });
    expect(split?.paths).toHaveLength(3);
    const joined = Buffer.concat(await Promise.all((split?.paths ?? []).map((path) => readFile(path))));
    expect(joined.length).toBe(whole?.sizeBytes);
    await writeFile(join(folder, 'joined'), joined);
    const { manifest } = await readWhole(join(folder, 'joined'));
    expect(sha3(encodeManifest(manifest)).hex).toBe(split?.manifestSha3_384Hex);
  });

  it('says how far it is, how fast it goes and how long it takes', async () => {
    const jq = snap('jq', { sizeBytes: 4 * MIB });
    store.troubles.set('https://store.test/jq_1.snap', { pieceMs: 5 });
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
    store.troubles.set('https://store.test/jq_1.snap', { pieceMs: 2 });
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
    expect(store.downloads.map(({ from }) => from)).toEqual([0, size]);
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

describe(DownloadCache.name, () => {
  let cache: DownloadCache;
  beforeEach(async () => {
    cache = new DownloadCache(cacheFolder());
    await cache.prepare();
  });

  it('forgets what was used longest ago, and nothing that is not its own', async () => {
    const names = ['a', 'b', 'c'].map((letter) => letter.repeat(96));
    for (const [index, name] of names.entries()) {
      const path = join(cacheFolder(), `${name}${index === 1 ? '.part' : ''}`);
      await writeFile(path, '');
      await truncate(path, 100);
      await utimes(path, 1000 + index, 1000 + index);
    }
    await writeFile(join(cacheFolder(), 'unfinished.json'), '{}');
    expect(await cache.usage()).toEqual({ files: 3, sizeBytes: 300 });
    await cache.shrinkTo(250);
    expect((await readdir(cacheFolder())).sort()).toEqual([`${names[1]}.part`, names[2], 'media', 'unfinished.json']);
    expect(await cache.clear()).toEqual({ files: 2, sizeBytes: 200 });
    expect(await cache.usage()).toEqual({ files: 0, sizeBytes: 0 });
  });
});
