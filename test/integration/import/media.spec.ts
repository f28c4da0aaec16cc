import { describe, expect, it } from 'vitest';

import type { BundleAssumptions, BundleMediaType, BundleMediaUse } from '../../../src/formats/bundle/index.js';
import { SnapRemover, StoreVerifier } from '../../../src/modules/integrity/index.js';
import { plainMetadata, sha3, type TestBundle } from '../../support/bundles.js';
import { png, svg } from '../../support/pictures.js';
import { testSnapId, usualYaml } from '../../support/test-authority.js';
import { tinySquashfs } from '../../support/tiny-squashfs.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();

const icon = png('icon');
const screenshot = svg('<rect/>');
const use = (bytes: Buffer, given: Partial<BundleMediaUse> = {}): BundleMediaUse => {
  return { type: 'icon', digest: sha3(bytes), width: 64, height: 64, ...given };
};

interface Given {
  readonly name?: string;
  readonly revision?: number;
  readonly carried?: readonly (readonly [Buffer, BundleMediaType])[];
  readonly uses?: readonly BundleMediaUse[];
  readonly assumes?: BundleAssumptions['media'];
}

/** A bundle of one snap that is shown with pictures. */
function shown({ name = 'jq', revision = 6, carried = [], uses = [], assumes = [] }: Given): TestBundle {
  const snap = signed(name, revision);
  return bundleOf([{ snap }], {
    snaps: [
      {
        name,
        snapId: testSnapId(name),
        revisions: [{ revision, content: snap.content, channels: ['latest/stable'] }],
        metadata: plainMetadata({ title: name, media: uses }),
      },
    ],
    media: carried.map(([bytes, contentType]) => ({ bytes, contentType })),
    assumes: { revisions: [], components: [], media: assumes },
  });
}

const withIcon = shown({ carried: [[icon, 'image/png']], uses: [use(icon)] });

const mediaOf = async (name: string): Promise<unknown> => {
  const [row] = await scene.store.query<{ media: unknown }>(
    `SELECT metadata->'media' AS media FROM snap_store.snap WHERE name = '${name}'`,
  );
  return row?.media;
};

describe('pictures', () => {
  it('are kept with the snap that is shown with them, in their order', async () => {
    const uses = [use(screenshot, { type: 'screenshot', width: null, height: null }), use(icon)];
    const bundle = shown({
      carried: [
        [icon, 'image/png'],
        [screenshot, 'image/svg+xml'],
      ],
      uses,
    });
    const report = await scene.import(await scene.bundle(bundle));
    expect(report).toMatchObject({ media: [{ outcome: 'added' }, { outcome: 'added' }], notes: [] });
    const [svgHex, pngHex] = [sha3(screenshot).hex, sha3(icon).hex];
    const facts = { width: null, height: null, 'content-type': 'image/svg+xml', size: screenshot.length };
    expect(await mediaOf('jq')).toEqual([
      { type: 'screenshot', 'sha3-384': svgHex, ...facts },
      { type: 'icon', 'sha3-384': pngHex, width: 64, height: 64, 'content-type': 'image/png', size: icon.length },
    ]);
    expect(await scene.store.blobFiles()).toEqual(expect.arrayContaining([svgHex, pngHex]));
  });

  it('are what their bytes are, whatever the manifest calls them', async () => {
    await scene.import(await scene.bundle(shown({ carried: [[icon, 'image/svg+xml']], uses: [use(icon)] })));
    expect(await mediaOf('jq')).toMatchObject([{ 'content-type': 'image/png' }]);
  });

  it('that are none are refused by name', async () => {
    const page = Buffer.from('<html><script>alert(1)</script></html>');
    const bundle = shown({ carried: [[page, 'image/png']], uses: [use(page)] });
    const { code, message } = await scene.refusal(await scene.bundle(bundle));
    expect(code).toBe('picture-refused');
    expect(message).toContain(`media/${sha3(page).hex}: is no picture that can be shown`);
  });

  it('are there once, and pushed again they are known', async () => {
    const path = await scene.bundle(withIcon);
    await scene.import(path);
    expect(await scene.import(path)).toMatchObject({ alreadyImported: true, media: [{ outcome: 'unchanged' }] });
    const other = shown({ name: 'yq', carried: [[icon, 'image/png']], uses: [use(icon)] });
    expect(await scene.import(await scene.bundle(other))).toMatchObject({ media: [{ outcome: 'unchanged' }] });
  });

  it('of a bundle that is pushed again are made whole where they were lost', async () => {
    const path = await scene.bundle(withIcon);
    await scene.import(path);
    await scene.store.query(`DELETE FROM snap_store.blob WHERE sha3_384 = '${sha3(icon).hex}'`);
    expect(await scene.import(path)).toMatchObject({ alreadyImported: false, media: [{ outcome: 'added' }] });
  });

  it('that an incremental bundle leaves out are those that are held', async () => {
    await scene.import(await scene.bundle(withIcon));
    const next = shown({ revision: 7, uses: [use(icon, { width: 128 })], assumes: [sha3(icon)] });
    await scene.import(await scene.bundle(next));
    expect(await mediaOf('jq')).toMatchObject([{ width: 128, 'content-type': 'image/png', size: icon.length }]);
  });

  it('that an incremental bundle counts on and that are not held are named', async () => {
    const next = shown({ uses: [use(icon)], assumes: [sha3(icon)] });
    const { code, message } = await scene.refusal(await scene.bundle(next));
    expect(code).toBe('bundle-assumption-missing');
    expect(message).toContain(`counts on the picture ${sha3(icon).hex} being held`);
  });

  it('cannot be had by naming another file of the store', async () => {
    const jq = signed('jq', 6);
    await scene.import(await scene.pair(jq));
    const thief = shown({ name: 'yq', uses: [use(jq.content)], assumes: [sha3(jq.content)] });
    const { code, message } = await scene.refusal(await scene.bundle(thief));
    expect([code, message]).toEqual(['picture-refused', expect.stringContaining('is no picture')]);
  });

  it('go with the last snap that is shown with them', async () => {
    await scene.import(await scene.bundle(withIcon));
    const other = shown({ name: 'yq', carried: [[icon, 'image/png']], uses: [use(icon)] });
    await scene.import(await scene.bundle(other));
    const remover = scene.store.context.get(SnapRemover);
    await remover.remove('jq');
    expect(await scene.store.blobFiles()).toContain(sha3(icon).hex);
    await remover.remove('yq');
    expect(await scene.store.blobFiles()).toEqual([]);
  });
});

describe('pictures of a store that is verified', () => {
  const verify = (repair = false) => scene.store.context.get(StoreVerifier).verify({ repair });

  it('are in use, and no orphans, until the snap is shown without them', async () => {
    await scene.import(await scene.bundle(withIcon));
    expect(await verify()).toMatchObject({ isSound: true, files: { orphaned: [] }, pictures: { checked: 1 } });
    await scene.import(await scene.bundle(shown({ revision: 7 })));
    expect(await verify(true)).toMatchObject({ isSound: true, files: { orphaned: [sha3(icon).hex] } });
    expect(await scene.store.blobFiles()).not.toContain(sha3(icon).hex);
  });

  it.each([
    ['its file is not held', `DELETE FROM snap_store.blob WHERE sha3_384 = '${sha3(icon).hex}'`],
    ['its file has another size', `UPDATE snap_store.blob SET size_bytes = 1 WHERE sha3_384 = '${sha3(icon).hex}'`],
  ])('are missed: %s', async (problem, damage) => {
    await scene.import(await scene.bundle(withIcon));
    await scene.store.query(damage);
    const { isSound, pictures } = await verify();
    expect(isSound).toBe(false);
    expect(pictures.problems).toEqual([{ name: 'jq', type: 'icon', sha3_384: sha3(icon).hex, problem }]);
  });
});

describe('the icon in a snap', () => {
  const withOwnIcon = (name: string, revision: number, picture: Buffer, extension = 'png') => {
    const files = {
      'meta/snap.yaml': usualYaml(name, revision),
      [`meta/gui/icon.${extension}`]: picture,
    };
    return signed(name, revision, { content: tinySquashfs(files, { sizeBytes: 16_384 }) });
  };
  const iconRows = (): Promise<{ revision: number; icon: { 'sha3-384': string } | null }[]> =>
    scene.store.query('SELECT revision, icon FROM snap_store.snap_revision ORDER BY revision');

  it('is held as a file of its own, once for all revisions that have the same', async () => {
    await scene.import(await scene.pair(withOwnIcon('jq', 6, icon)));
    await scene.import(await scene.pair(withOwnIcon('jq', 7, icon)));
    const expected = {
      type: 'icon',
      'sha3-384': sha3(icon).hex,
      'content-type': 'image/png',
      size: icon.length,
      width: null,
      height: null,
    };
    expect((await iconRows()).map((row) => row.icon)).toEqual([expected, expected]);
    expect(await scene.store.blobFiles()).toContain(sha3(icon).hex);
    const verified = await scene.store.context.get(StoreVerifier).verify({ repair: true });
    expect(verified).toMatchObject({ isSound: true, files: { orphaned: [] } });
    const remover = scene.store.context.get(SnapRemover);
    await remover.remove('jq', { revision: 6 });
    expect(await scene.store.blobFiles()).toContain(sha3(icon).hex);
    await remover.remove('jq');
    expect(await scene.store.blobFiles()).toEqual([]);
  });

  it('comes with a bundle too, and is missing where the snap has none that can be shown', async () => {
    const own = withOwnIcon('jq', 6, icon);
    await scene.import(await scene.bundle(bundleOf([{ snap: own }])));
    await scene.import(await scene.pair(withOwnIcon('jq', 7, Buffer.from('<html>'))));
    expect((await iconRows()).map((row) => row.icon?.['sha3-384'] ?? null)).toEqual([sha3(icon).hex, null]);
  });

  it('of a revision that came before icons were kept is kept when it is pushed again', async () => {
    const path = await scene.pair(withOwnIcon('jq', 6, icon));
    await scene.import(path);
    await scene.store.query('UPDATE snap_store.snap_revision SET icon = NULL');
    const report = await scene.import(path);
    expect(report).toMatchObject({ revisions: [{ outcome: 'unchanged' }] });
    expect((await iconRows())[0]!.icon).toMatchObject({ 'sha3-384': sha3(icon).hex });
  });

  it('leaves nothing behind when the import is only rehearsed', async () => {
    await scene.import(await scene.pair(withOwnIcon('jq', 6, icon)), { dryRun: true });
    expect([await scene.store.blobFiles(), await scene.store.stagings()]).toEqual([[], []]);
  });
});
