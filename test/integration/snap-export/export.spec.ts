import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { holdingsOfBundle, openBytes, readBundle } from '../../../src/formats/bundle/index.js';
import { holdingsOfInventory } from '../../../src/formats/inventory/index.js';
import { Channel } from '../../../src/kernel/channel.js';
import { ReleaseService } from '../../../src/modules/catalog/index.js';
import { KeyService } from '../../../src/modules/keys/index.js';
import {
  type ExportedBundle,
  type ExportRequest,
  ExportService,
  InventoryService,
} from '../../../src/modules/snap-export/index.js';
import { ImportService, SignerService } from '../../../src/modules/snap-import/index.js';
import { plainMetadata, sha3 } from '../../support/bundles.js';
import { componentBundle, signedComponent, yamlWith } from '../../support/components.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { testSnapId } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';
import { bundleOf, Scene, signed } from '../import/scene.js';

const scene = Scene.forEachTest();
const tool = { name: 'snap-store-proxy', version: '0.0.0-test' };
const icon = Buffer.from('\x89PNG\r\n\x1a\n the icon of jq', 'latin1');
const usual: ExportRequest = {
  names: null,
  revisions: [],
  channels: [],
  everyRevision: false,
  withPrerequisites: true,
  packing: 'shared',
  since: [],
};

let otherDatabase: TestDatabase;
let other: TestStore;

beforeAll(async () => {
  otherDatabase = await createTestDatabase();
});
afterAll(() => otherDatabase.drop());
beforeEach(async () => {
  other = await openTestStore({ uri: otherDatabase.uri, authority: scene.store.authority });
});
afterEach(async () => {
  await other.query(
    'TRUNCATE snap_store.assertion, snap_store.blob, snap_store.snap, snap_store.import, snap_store.bundle_signer CASCADE',
  );
  await other.close();
});

async function pushEverything(): Promise<void> {
  const base = 'name: core22\nversion: "1"\nsummary: core22\ndescription: base\ntype: base\n';
  const bundle = bundleOf(
    [
      { snap: signed('core22', 1, { snapYaml: base }) },
      { snap: signed('jq', 6), channels: ['latest/stable', 'latest/candidate'] },
      { snap: signed('jq', 7), channels: ['latest/edge'] },
    ],
    { media: [{ bytes: icon, contentType: 'image/png' }] },
  );
  const snaps = bundle.manifest.snaps.map((snap) => {
    if (snap.name !== 'jq') return snap;
    const channelMap = snap.channelMap.map((line) => ({ ...line, releasedAt: '2025-11-03T09:21:44.130Z' }));
    const media = [{ type: 'icon', digest: sha3(icon), width: 64, height: 64 }];
    const links = { website: ['https://jq.example'], issues: ['https://jq.example/issues'] };
    const metadata = plainMetadata({
      title: 'jq – Ünïcode',
      summary: 'JSON',
      license: 'MIT',
      website: 'https://jq.example',
      categories: [{ name: 'utilities', featured: true }],
      links,
      media,
    });
    return { ...snap, defaultTrack: 'latest', channelMap, metadata };
  });
  await scene.import(await scene.bundle({ ...bundle, manifest: { ...bundle.manifest, snaps } }));
  const [withParts, docs] = partedSnap();
  await scene.import(await scene.bundle(componentBundle({ snap: withParts, components: [docs] }), 'parted.tar.gz'));
  // Held, and on no channel.
  await scene.import(await scene.pair(signed('yq', 1)));
  await scene.store.context.get(ReleaseService).close('yq', Channel.parse('stable'));
}

function partedSnap() {
  const snap = signed('parted', 6, { snapYaml: yamlWith('parted', 6, { docs: 'standard', more: 'standard' }) });
  const docs = signedComponent(scene.store.authority, snap.plan, { name: 'docs', revision: 3, pairedWith: [6] });
  const more = signedComponent(scene.store.authority, snap.plan, { name: 'more', revision: 1, pairedWith: [6] });
  return [snap, docs, more] as const;
}

async function run(given: Partial<ExportRequest>, partBytes: number | null = null): Promise<ExportedBundle[]> {
  const service = scene.store.context.get(ExportService);
  const plan = await service.plan({ ...usual, ...given });
  const written: ExportedBundle[] = [];
  const options = { exportDir: scene.folder, partBytes, tool, signal: new AbortController().signal };
  for (const bundle of plan.bundles)
    written.push(await service.write(bundle, { ...options, onProgress: () => undefined }));
  return written;
}

/** All that a store says to devices and to whoever runs it, whenever it was put in. */
async function contents(store: TestStore): Promise<Record<string, unknown>> {
  const query = <T>(sql: string): Promise<T[]> => store.query<T>(sql);
  return {
    snaps: await query('SELECT snap_id, name, publisher_id, default_track, metadata FROM snap_store.snap ORDER BY 1'),
    revisions: (
      await query<Record<string, unknown>>('SELECT * FROM snap_store.snap_revision ORDER BY snap_id, revision')
    ).map(({ added_at: _, ...row }) => row),
    components: await componentsOf(store),
    releases: await query(`
      SELECT snap_id, channel, architecture, revision, released_at FROM (
        SELECT DISTINCT ON (snap_id, channel, architecture) * FROM snap_store.release
        ORDER BY snap_id, channel, architecture, id DESC) newest
      WHERE revision IS NOT NULL ORDER BY 1, 2, 3`),
    assertions: (
      await query<{ line: string }>(`SELECT type || ' ' || encode(encoded, 'hex') AS line FROM snap_store.assertion`)
    )
      .map(({ line }) => line)
      .sort(),
    files: await store.blobFiles(),
  };
}

/** `jq docs 3 standard …`, and `jq docs 3 with 6`. */
async function componentsOf({ query }: Pick<TestStore, 'query'>): Promise<string[]> {
  const rows = await query<{ line: string }>(`
    SELECT concat_ws(' ', snap_id, name, revision, type, sha3_384, size_bytes, provenance) AS line
    FROM snap_store.component_revision
    UNION ALL
    SELECT concat_ws(' ', snap_id, name, component_revision, 'with', snap_revision) FROM snap_store.component_pair
    ORDER BY 1`);
  return rows.map(({ line }) => line);
}

function push(path: string | undefined): Promise<unknown> {
  return other.context.get(ImportService).importPath(path ?? '');
}

async function useSigner(): Promise<string> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const key = await scene.store.context.get(KeyService).importKey(Buffer.from(pem), null);
  await other.context.get(SignerService).add(key.publicPem, 'the first store');
  return key.id;
}

describe('a bundle of held snaps', () => {
  it('makes another store the same: snaps, pictures, what is said of them, channels and assertions', async () => {
    const signer = await useSigner();
    await pushEverything();
    const [exported, ...more] = await run({ everyRevision: true, packing: 'single' });
    expect(more).toEqual([]);
    expect(exported).toMatchObject({ name: 'all-snaps', signer, files: [{ sizeBytes: exported?.sizeBytes }] });
    const [report] = (await push(exported?.files[0]?.path)) as { signature: unknown; alreadyImported: boolean }[];
    expect(report?.signature).toMatchObject({ state: 'known-signer', signer });
    expect(await contents(other)).toEqual(await contents(scene.store));
    expect((await contents(other)).files).toHaveLength(7);
    expect((await contents(other)).components).toHaveLength(2);
  });

  it('brings what a device asks for to install it, and nothing else', async () => {
    await pushEverything();
    const [exported] = await run({ names: ['jq'], channels: ['stable'] });
    await push(exported?.files[0]?.path);
    expect(await other.query('SELECT name FROM snap_store.snap ORDER BY 1')).toEqual([
      { name: 'core22' },
      { name: 'jq' },
    ]);
    expect(
      await other.query(
        `SELECT channel, revision FROM snap_store.release JOIN snap_store.snap USING (snap_id) WHERE name = 'jq'`,
      ),
    ).toEqual([{ channel: 'latest/stable', revision: 6 }]);
  });

  it('goes on from what the other store says that it holds', async () => {
    await pushEverything();
    const [first] = await run({ names: ['jq'], channels: ['stable'] });
    await push(first?.files[0]?.path);
    const { signal } = new AbortController();
    const { inventory } = await other.context
      .get(InventoryService)
      .take({ tool, storeId: null, signal, onProgress: () => undefined });
    expect(inventory.media).toMatchObject([{ digest: sha3(icon), size: icon.length }]);
    const [second] = await run({ names: ['jq'], since: [holdingsOfInventory('x', inventory)] });
    for await (const part of readBundle(openBytes(second!.files[0]!.path), { file: 'x' })) {
      if (part.kind !== 'head') break;
      expect(
        part.manifest.snaps.map(({ name, revisions }) => [name, ...revisions.map(({ revision }) => revision)]),
      ).toEqual([['jq', 7]]);
      expect(part.manifest.media).toEqual([]);
      expect(holdingsOfBundle('x', part.manifest).revisions.map(({ revision }) => revision)).toEqual([7, 6]);
    }
    await push(second?.files[0]?.path);
    const ofJq = async (store: TestStore): Promise<unknown[]> => {
      const { releases } = await contents(store);
      return (releases as { snap_id: string }[]).filter(({ snap_id: id }) => id === testSnapId('jq'));
    };
    expect(await ofJq(other)).toHaveLength(3);
    expect(await ofJq(other)).toEqual(await ofJq(scene.store));
    expect(
      await run({ names: ['jq'], channels: ['candidate'], since: [holdingsOfInventory('x', inventory)] }),
    ).toHaveLength(1);
  });

  it('brings a component that is new to a snap that the other store has, and not the snap again', async () => {
    const [snap, docs, more] = partedSnap();
    const both = await scene.bundle(componentBundle({ snap, components: [docs] }));
    await scene.import(both);
    await push(both);
    const { signal } = new AbortController();
    const { inventory } = await other.context
      .get(InventoryService)
      .take({ tool, storeId: null, signal, onProgress: () => undefined });
    expect(inventory.snaps[0]?.components).toMatchObject([{ name: 'docs', revision: 3 }]);
    expect(inventory.snaps[0]?.revisions[0]?.components).toEqual([{ name: 'docs', revision: 3 }]);
    const since = [holdingsOfInventory('x', inventory)];
    expect(await run({ names: ['parted'], since })).toEqual([]);
    await scene.import(
      await scene.bundle(componentBundle({ snap, carriesSnap: false, components: [more] }), 'more.tar.gz'),
    );
    const [exported] = await run({ names: ['parted'], since });
    expect(exported?.sizeBytes).toBeLessThan(2 * 16_384);
    await push(exported?.files[0]?.path);
    expect(await componentsOf(other)).toEqual(await componentsOf(scene.store));
    expect(await componentsOf(other)).toHaveLength(4);
  });

  it('can be split, and appears under names that are free', async () => {
    await pushEverything();
    const alone = { names: ['yq'], everyRevision: true, withPrerequisites: false };
    const [whole] = await run(alone);
    const [parts] = await run(alone, 20_000);
    expect(parts?.files.length).toBeGreaterThan(1);
    expect(new Set([...whole!.files, ...parts!.files].map(({ path }) => path)).size).toBe(parts!.files.length + 1);
    expect(parts?.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(parts?.sizeBytes);
    const joined = Buffer.concat(await Promise.all(parts!.files.map(({ path }) => readFile(path))));
    await writeFile(join(scene.folder, 'joined.tar.gz'), joined);
    await push(join(scene.folder, 'joined.tar.gz'));
    expect(await other.query('SELECT name FROM snap_store.snap')).toEqual([{ name: 'yq' }]);
  });

  it('is not made of a file that is missing', async () => {
    await pushEverything();
    const path = await blobPath('jq', 7);
    await rm(path);
    await expect(run({ names: ['jq'] })).rejects.toMatchObject({
      code: 'snap-not-exportable',
      message: expect.stringContaining('revision 7 of jq') as string,
    });
    expect(await run({ names: ['jq'], channels: ['stable'] })).toHaveLength(1);
  });

  it('is not made without an assertion that proves it', async () => {
    await pushEverything();
    await scene.store.query(
      `DELETE FROM snap_store.assertion WHERE type = 'snap-revision' AND headers->>'snap-revision' = '7'`,
    );
    await expect(run({ names: ['jq'] })).rejects.toMatchObject({
      code: 'snap-not-exportable',
      message: expect.stringMatching(/^revision 7 of jq cannot be exported: snap-revision\/.* is not held$/) as string,
    });
    expect(await exportedFiles()).toEqual([]);
  });

  it('leaves nothing behind where it ends early', async () => {
    await pushEverything();
    const service = scene.store.context.get(ExportService);
    const { bundles } = await service.plan({ ...usual, names: ['jq'] });
    const abort = new AbortController();
    const options = { exportDir: scene.folder, partBytes: null, tool, signal: abort.signal };
    const onProgress = () => {
      abort.abort(new Error('stop'));
    };
    await expect(service.write(bundles[0]!, { ...options, onProgress })).rejects.toThrow('stop');
    expect(await exportedFiles()).toEqual([]);
  });
});

async function exportedFiles(): Promise<string[]> {
  return (await readdir(scene.folder)).filter((name) => name.includes('jq-'));
}

async function blobPath(name: string, revision: number): Promise<string> {
  const [row] = await scene.store.query<{ sha3_384: string }>(
    `SELECT sha3_384 FROM snap_store.snap_revision JOIN snap_store.snap USING (snap_id)
     WHERE name = '${name}' AND revision = ${revision}`,
  );
  const digest = row?.sha3_384 ?? '';
  return join(scene.store.dataDir, 'blobs', digest.slice(0, 2), digest);
}
