import { randomFillSync } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';

import { planImports, writeParts } from '../../../src/formats/bundle/index.js';
import {
  CarriedFile,
  PartImports,
  WatchFolder,
  type ImportOptions,
  type ImportReport,
  type PartsWaiting,
} from '../../../src/modules/snap-import/index.js';
import { inChunks, packBundle, sha3, type TestBundle } from '../../support/bundles.js';
import { snapFile, testSnapId } from '../../support/test-authority.js';
import type { TestStore } from '../../support/test-store.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();
const PART_BYTES = 10_000;

/** In parts, each in a folder of its own, as on media of their own; their paths. */
async function onMedia(bundle: TestBundle, name = 'jq.tar.gz', partBytes = PART_BYTES): Promise<string[]> {
  const path = join(scene.folder, name);
  const parts = await writeParts(inChunks(await packBundle(bundle)), { path, bundleId: bundle.manifest.id, partBytes });
  return Promise.all(
    parts.map(async (part, index) => {
      const medium = join(scene.folder, `${name} medium ${index + 1}`);
      await mkdir(medium, { recursive: true });
      await rename(part.path, join(medium, basename(part.path)));
      return join(medium, basename(part.path));
    }),
  );
}

/** One call of push-snap. */
async function push(
  paths: readonly string[],
  options: ImportOptions = {},
  store: TestStore = scene.store,
): Promise<ImportReport | PartsWaiting> {
  const [source] = (await planImports(paths)).sources;
  if (source === undefined) throw new Error('nothing to push');
  const file = await CarriedFile.open(source);
  try {
    return await store.context.get(PartImports).import(file, options);
  } finally {
    await file.close();
  }
}

async function kept(): Promise<string[]> {
  const waiting = await scene.store.context.get(PartImports).list();
  return waiting.map(({ bundle, present }) => `${bundle} ${present.join(',')}`);
}

function jqBundle(revision = 6): TestBundle {
  return bundleOf([{ snap: signed('jq', revision, { sizeBytes: 24_000 }) }]);
}

describe('a bundle in parts', () => {
  it('is imported from several media at once, without a copy', async () => {
    const paths = await onMedia(jqBundle());
    expect(paths).toHaveLength(4);
    const report = await push([...paths].reverse());
    expect(report).toMatchObject({
      kind: 'bundle',
      file: expect.stringMatching(/^jq\.tar\.gz\.[0-9a-f]{8}\.part\*of4$/) as string,
      revisions: [{ name: 'jq', outcome: 'added' }],
    });
    expect(await readdir(scene.store.dataDir)).not.toContain('waiting-parts');
  });

  it('gives the bytes of small parts as they are to who takes them slowly', async () => {
    const content = snapFile({ name: 'jq', snapId: testSnapId('jq'), revision: 6, sizeBytes: 1024 * 1024 + 77 });
    randomFillSync(content, 8 * 1024);
    const paths = await onMedia(bundleOf([{ snap: signed('jq', 6, { content }) }]), 'jq.tar.gz', 15_000);
    const [source] = (await planImports(paths)).sources;
    const file = await CarriedFile.open(source!);
    const pieces: Buffer[] = [];
    for await (const part of file.parts(new AbortController().signal)) {
      if (part.kind !== 'snap' || 'fill' in part.content) continue;
      for await (const piece of part.content) {
        // Meanwhile as much is read ahead as there is room for.
        await setTimeout(5);
        pieces.push(Buffer.from(piece));
      }
      part.confirm(sha3(Buffer.concat(pieces)));
    }
    await file.close();
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
  });

  it('is imported when its last part comes, in whatever order and after a restart', async () => {
    const bundle = jqBundle();
    const paths = await onMedia(bundle);
    const set = `jq.tar.gz.${bundle.manifest.id.slice(0, 8)}.part*of4`;
    const before = await scene.store.tables();
    expect(await push([paths[2]!])).toEqual({
      bundle: set,
      total: 4,
      present: [3],
      missing: [1, 2, 4],
      sizeBytes: PART_BYTES,
      isKept: true,
      since: expect.any(String) as string,
    });
    expect(await push([paths[0]!, paths[3]!])).toMatchObject({ present: [1, 3, 4], missing: [2] });
    expect(await scene.store.tables()).toBe(before);
    for (const path of [paths[0]!, paths[2]!, paths[3]!]) await rm(path);
    const restarted = await scene.open({ dataDir: scene.store.dataDir });
    try {
      expect(await push([paths[1]!], {}, restarted)).toMatchObject({ revisions: [{ outcome: 'added' }] });
    } finally {
      await restarted.close();
    }
    expect(await kept()).toEqual([]);
    expect(await readdir(join(scene.store.dataDir, 'waiting-parts'))).toEqual([]);
    expect(await scene.ledger()).toMatchObject([{ state: 'done', bundle_id: bundle.manifest.id }]);
  });

  it('never mixes with another of the same name', async () => {
    const [one, other] = [jqBundle(6), jqBundle(7)];
    const [ofOne, ofOther] = [await onMedia(one), await onMedia(other, 'jq.tar.gz')];
    expect((await planImports([...ofOne, ...ofOther])).sources).toHaveLength(2);
    await push([ofOne[0]!, ofOne[1]!]);
    await push([ofOther[1]!, ofOther[2]!]);
    await push([ofOther[3]!]);
    expect(await kept()).toHaveLength(2);
    expect(await push([ofOther[0]!])).toMatchObject({ bundleId: other.manifest.id });
    expect(await push([ofOne[2]!, ofOne[3]!])).toMatchObject({ bundleId: one.manifest.id });
  });

  it('is refused as in one piece where a part is damaged, and taken when that part comes again', async () => {
    const paths = await onMedia(jqBundle());
    const sound = await readFile(paths[1]!);
    const damaged = Buffer.from(sound);
    damaged[5000]! ^= 1;
    await writeFile(paths[1]!, damaged);
    await push([paths[0]!, paths[1]!, paths[2]!]);
    const before = await scene.store.tables();
    await expect(push([paths[3]!])).rejects.toMatchObject({
      code: expect.stringMatching(/^bundle-damaged$/) as string,
    });
    await scene.expectNothingLeft(before, []);
    expect(await kept()).toEqual([expect.stringMatching(/part\*of4 1,2,3$/)]);
    await writeFile(paths[1]!, sound);
    expect(await push([paths[1]!])).toMatchObject({ present: [1, 2, 3], missing: [4] });
    expect(await push([paths[3]!])).toMatchObject({ revisions: [{ outcome: 'added' }] });
  });

  it('is not kept where a part was cut short or is larger than it was', async () => {
    const paths = await onMedia(jqBundle());
    await push([paths[0]!]);
    await truncate(paths[1]!, PART_BYTES - 1);
    await expect(push([paths[1]!])).rejects.toMatchObject({ code: 'bundle-part-refused' });
    const [source] = (await planImports([paths[2]!])).sources;
    await writeFile(paths[2]!, Buffer.alloc(PART_BYTES * 3));
    const file = await CarriedFile.open(source!);
    await expect(scene.store.context.get(PartImports).import(file)).rejects.toMatchObject({
      code: 'bundle-part-refused',
      message: expect.stringMatching(/changes while it is read$/) as string,
    });
    await file.close();
    expect(await kept()).toEqual([expect.stringMatching(/ 1$/)]);
  });

  it('leaves nothing of a dry run, and nothing of a part that nobody waits for any more', async () => {
    const paths = await onMedia(jqBundle());
    expect(await push([paths[0]!], { dryRun: true })).toMatchObject({ present: [1], isKept: false, since: null });
    expect(await kept()).toEqual([]);
    await push(paths.slice(1));
    expect(await push([paths[0]!], { dryRun: true })).toMatchObject({
      dryRun: true,
      revisions: [{ outcome: 'added' }],
    });
    const [waiting] = await kept();
    expect(waiting).toMatch(/ 2,3,4$/);
    const imports = scene.store.context.get(PartImports);
    await expect(imports.discard('00000000')).rejects.toMatchObject({ code: 'no-waiting-parts' });
    await imports.discard(/\.([0-9a-f]{8})\.part/.exec(waiting ?? '')?.[1] ?? '');
    expect(await kept()).toEqual([]);
  });

  it('finds no more room than the setting allows, and keeps what was there', async () => {
    const limited = await scene.open({
      dataDir: scene.store.dataDir,
      settings: { 'proxy.import.parts-limit': String(2 * PART_BYTES) },
    });
    try {
      const paths = await onMedia(jqBundle());
      const others = await onMedia(jqBundle(7), 'other.tar.gz');
      await push([paths[0]!, paths[1]!], {}, limited);
      // Again: it takes the place of itself.
      await push([paths[1]!], {}, limited);
      await expect(push([others[0]!], {}, limited)).rejects.toMatchObject({ code: 'too-many-waiting-parts' });
      expect(await kept()).toEqual([expect.stringMatching(/^jq\.tar\.gz\..* 1,2$/)]);
      // Whole bundles need no room here.
      expect(await push(others, {}, limited)).toMatchObject({ revisions: [{ outcome: 'added' }] });
    } finally {
      await limited.close();
    }
  });

  it('is imported from the watched folder once all parts are there', async () => {
    const incoming = join(scene.folder, 'incoming');
    await mkdir(incoming);
    const paths = await onMedia(jqBundle());
    const server = await scene.open({ dataDir: scene.store.dataDir, settings: { 'proxy.import.watch': incoming } });
    try {
      server.context.get(WatchFolder).start({ lookEveryMs: 20, settleMs: 200 });
      for (const path of paths) await rename(path, join(incoming, basename(path)));
      const report = join(incoming, 'done', `${basename(paths[0]!)}.report.json`);
      const text = await vi.waitFor(() => readFile(report, 'utf8'), { timeout: 20_000, interval: 20 });
      expect(JSON.parse(text)).toMatchObject({ report: { revisions: [{ outcome: 'added' }] } });
      await vi.waitFor(async () => {
        expect(await readdir(incoming)).toEqual(['done', 'failed']);
      });
      expect((await readdir(join(incoming, 'done'))).sort()).toEqual(
        [...paths.map((path) => basename(path)), basename(report)].sort(),
      );
    } finally {
      await server.close();
    }
  });
});
