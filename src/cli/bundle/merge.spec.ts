import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  newSigner,
  packBundle,
  testBundle,
  type TestBundle,
  type TestBundlePieces,
} from '../../../test/support/bundles.js';
import { TestAuthority, testSnapId, type SignedSnap } from '../../../test/support/test-authority.js';
import { TrustedRoots } from '../../formats/assertion/index.js';
import { planImport, type ManifestSigner } from '../../formats/bundle/index.js';
import { OpenBundle } from './bundle-contents.js';
import { bundleSources } from './bundle-sources.js';
import { compareBundles } from './diff.js';
import { mergeBundles, type MergeOptions, type MergeReport } from './merge.js';
import { verifySource } from './verify.js';

const authority = TestAuthority.create();
const roots = TrustedRoots.of(authority.roots);
const signal = new AbortController().signal;

let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merge-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function signed(name: string, revision: number): SignedSnap {
  return authority.snap({ name, snapId: testSnapId(name), revision });
}

function bundleOf(snaps: readonly SignedSnap[], pieces: Partial<TestBundlePieces> = {}): TestBundle {
  return testBundle({
    snaps: snaps.map(({ plan, content }) => ({
      name: plan.name,
      snapId: plan.snapId,
      revisions: [{ revision: plan.revision, content, channels: ['latest/stable'] }],
    })),
    assertions: snaps.map(({ plan, stream }) => ({ name: plan.name, bytes: stream })),
    ...pieces,
  });
}

async function write(name: string, bundle: TestBundle): Promise<string> {
  await writeFile(at(name), await packBundle(bundle));
  return at(name);
}

async function merge(files: readonly string[], given: Partial<MergeOptions> = {}): Promise<MergeReport> {
  const bundles: OpenBundle[] = [];
  try {
    for (const source of await bundleSources(files)) bundles.push(await OpenBundle.open(source, signal, 'consumer'));
    return await mergeBundles(bundles, {
      output: at('merged.tar.gz'),
      roots,
      signer: null,
      tool: { name: 'test', version: '1' },
      partBytes: null,
      signal,
      onProgress: () => undefined,
      ...given,
    });
  } finally {
    for (const bundle of bundles) await bundle.close();
  }
}

async function problemsIn(file: string): Promise<(string | null)[]> {
  const [source] = (await planImport(file)).sources;
  if (source === undefined) throw new Error('nothing there');
  const { findings } = await verifySource(source, roots, signal, () => undefined);
  return findings.map(({ subject, problem }) => (problem === null ? subject : `${subject}: ${problem}`));
}

describe(mergeBundles.name, () => {
  it('makes one bundle that holds everything once, in which everything is proven', async () => {
    const [jq, yq, aq] = [signed('jq', 6), signed('yq', 1), signed('aq', 3)];
    const icon = { bytes: Buffer.from('icon'), contentType: 'image/png' as const };
    const by = newSigner();
    const one = await write('one.tar.gz', bundleOf([jq, yq], { signer: by, media: [icon] }));
    const other = await write('other.tar.gz', bundleOf([yq, aq], { media: [icon] }));
    const signer: ManifestSigner = newSigner();
    const report = await merge([one, other], { signer });
    expect(report).toMatchObject({
      files: [at('merged.tar.gz')],
      signer: signer.keyId,
      from: [
        { file: one, signer: by.keyId },
        { file: other, signer: null },
      ],
      snaps: [
        { name: 'aq', revisions: [3] },
        { name: 'jq', revisions: [6] },
        { name: 'yq', revisions: [1] },
      ],
      assertions: 7,
    });
    expect(await problemsIn(at('merged.tar.gz'))).toEqual([
      'account/testpublisher',
      ...['jq', 'yq', 'aq'].flatMap(() => [
        expect.stringMatching(/^snap-declaration\//) as string,
        expect.stringMatching(/^snap-revision\//) as string,
      ]),
      `snaps/${testSnapId('aq')}_3.snap`,
      `snaps/${testSnapId('jq')}_6.snap`,
      `snaps/${testSnapId('yq')}_1.snap`,
    ]);
    expect((await readFile(at('merged.tar.gz'))).length).toBe(report.sizeBytes);
    const [from, to] = await bundleSources([one, at('merged.tar.gz')]);
    expect(await compareBundles([from!, to!], signal)).toMatchObject({
      isSameContent: false,
      snaps: [{ name: 'aq', change: 'added' }],
      media: [],
    });
  });

  it('is written in parts, and reads parts', async () => {
    const files = [
      await write('one.tar.gz', bundleOf([signed('jq', 6)])),
      await write('b.tar.gz', bundleOf([signed('yq', 1)])),
    ];
    const report = await merge(files, { partBytes: 20_000 });
    expect(report.files).toHaveLength(3);
    const again = await merge([report.files[1]!, files[0]!], { output: at('again.tar.gz') });
    expect(again.snaps.map(({ name }) => name)).toEqual(['jq', 'yq']);
  });

  it.each<[string, (bundle: TestBundle) => Promise<Buffer>, string, RegExp]>([
    [
      'is damaged in a snap',
      async (bundle) => {
        const bytes = await packBundle(bundle);
        const index = bytes.lastIndexOf('#!/bin/sh');
        bytes[index]! ^= 1;
        return bytes;
      },
      'bundle-damaged',
      /other\.tar\.gz: /,
    ],
    ['is cut', async (bundle) => (await packBundle(bundle)).subarray(0, -600), 'bundle-damaged', /other\.tar\.gz: /],
    [
      'carries a snap that no assertion speaks of',
      (bundle) => packBundle({ ...bundle, ...bundleOf([signed('yq', 1)], { assertions: [] }) }),
      'bundle-unproven',
      /other\.tar\.gz: snaps\/yqx+_1\.snap: no snap-revision that holds/,
    ],
    [
      'has assertions that nobody trusted signed',
      () => {
        const stranger = TestAuthority.create('stranger');
        return packBundle(bundleOf([stranger.snap({ name: 'yq', snapId: testSnapId('yq'), revision: 1 })]));
      },
      'bundle-unproven',
      /other\.tar\.gz: account\/testpublisher: /,
    ],
  ])('writes nothing where one of them %s', async (_what, make, code, message) => {
    const one = await write('one.tar.gz', bundleOf([signed('jq', 6)]));
    await writeFile(at('other.tar.gz'), await make(bundleOf([signed('yq', 1)])));
    await expect(merge([one, at('other.tar.gz')])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect((await readdir(folder)).sort()).toEqual(['one.tar.gz', 'other.tar.gz']);
  });

  it('never writes over anything', async () => {
    const files = [
      await write('one.tar.gz', bundleOf([signed('jq', 6)])),
      await write('b.tar.gz', bundleOf([signed('yq', 1)])),
    ];
    await expect(merge(files, { output: at('b.tar.gz') })).rejects.toThrow(/b\.tar\.gz is there already$/);
  });

  it('takes nothing without a manifest', async () => {
    await writeFile(at('jq_6.snap'), signed('jq', 6).content);
    await writeFile(at('jq_6.assert'), signed('jq', 6).stream);
    await expect(bundleSources([at('jq_6.snap')])).rejects.toMatchObject({ code: 'not-a-bundle' });
  });
});
