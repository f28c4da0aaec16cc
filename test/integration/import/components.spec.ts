import { describe, expect, it } from 'vitest';

import { encodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { ImportRules, parsePolicy } from '../../../src/modules/airgap-policy/index.js';
import { HeldSnapsService, ListingService } from '../../../src/modules/catalog/index.js';
import { SnapRemover, StoreVerifier } from '../../../src/modules/integrity/index.js';
import { ImportService } from '../../../src/modules/snap-import/index.js';
import { sha3, testBundle } from '../../support/bundles.js';
import {
  componentBundle,
  signedComponent,
  yamlWith,
  type ComponentBundlePieces,
  type ComponentPlan,
  type SignedComponent,
} from '../../support/components.js';
import { testSnapId } from '../../support/test-authority.js';
import { authority, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();

const snap = (revision: number, types: Record<string, string> = { docs: 'standard' }) =>
  signed('jq', revision, { snapYaml: yamlWith('jq', revision, types) });
const jq = snap(6);
const component = (plan: Partial<ComponentPlan> = {}): SignedComponent =>
  signedComponent(authority, jq.plan, { name: 'docs', revision: 1, pairedWith: [6], ...plan });
const docs = component();

const push = async (pieces: Partial<ComponentBundlePieces> = {}) =>
  scene.import(await scene.bundle(componentBundle({ snap: jq, components: [docs], ...pieces })));
const refusal = async (pieces: Partial<ComponentBundlePieces> = {}) =>
  scene.refusal(await scene.bundle(componentBundle({ snap: jq, components: [docs], ...pieces })));

/** `docs 1: 6 7`, … of what is held, with the snap revisions that it goes with. */
const held = async (): Promise<string[]> => {
  const rows = await scene.store.query<{ line: string }>(`
    SELECT name || ' ' || revision || ': ' || array_to_string(array(
      SELECT snap_revision FROM snap_store.component_pair pair
      WHERE (pair.snap_id, pair.name, pair.component_revision) = (held.snap_id, held.name, held.revision)
      ORDER BY 1), ' ') AS line
    FROM snap_store.component_revision held ORDER BY 1`);
  return rows.map(({ line }) => line);
};

describe('components', () => {
  it('come with the snap, and are put to its revision', async () => {
    const report = await push();
    expect(report.components).toEqual([
      {
        name: 'jq',
        snapId: testSnapId('jq'),
        component: 'docs',
        revision: 1,
        type: 'standard',
        version: null,
        sizeBytes: docs.content.length,
        sha3_384: sha3(docs.content).hex,
        outcome: 'added',
      },
    ]);
    expect(report).toMatchObject({
      checked: { components: { count: 1, sizeBytes: docs.content.length } },
      snaps: [{ outcome: 'added' }],
      notes: [],
    });
    expect(await held()).toEqual(['docs 1: 6']);
    expect(await scene.store.blobFiles()).toContain(sha3(docs.content).hex);
  });

  it('pushed again are known', async () => {
    const path = await scene.bundle(componentBundle({ snap: jq, components: [docs] }));
    await scene.import(path);
    expect(await scene.import(path)).toMatchObject({
      alreadyImported: true,
      components: [{ component: 'docs', outcome: 'unchanged' }],
    });
  });

  it.each([
    ['its row is gone', `DELETE FROM snap_store.component_revision`, 'added'],
    ['its file is gone', `DELETE FROM snap_store.blob WHERE sha3_384 = '${sha3(docs.content).hex}'`, 'unchanged'],
  ])('pushed again are made whole where %s', async (_what, damage, outcome) => {
    const path = await scene.bundle(componentBundle({ snap: jq, components: [docs] }));
    await scene.import(path);
    await scene.store.query(damage);
    expect(await scene.import(path)).toMatchObject({ alreadyImported: false, components: [{ outcome }] });
    expect(await held()).toEqual(['docs 1: 6']);
    expect(await scene.store.context.get(StoreVerifier).verify()).toMatchObject({ isSound: true });
  });

  it('may come after the snap, and by themselves', async () => {
    await scene.import(await scene.pair(jq));
    const report = await push({ carriesSnap: false });
    expect(report).toMatchObject({
      revisions: [],
      components: [{ outcome: 'added' }],
      snaps: [{ outcome: 'updated' }],
    });
    expect(await held()).toEqual(['docs 1: 6']);
  });

  it('are put to a further revision by a signed pair, whether the file names it or not', async () => {
    await push();
    const seven = snap(7);
    const again = component({ pairedWith: [6, 7] });
    const assertions = [{ name: 'jq', bytes: encodeAssertionStream([...seven.assertions, ...again.assertions]) }];
    const id = testSnapId('jq');
    const assumed = { snapId: id, name: 'docs', revision: 1, digest: sha3(docs.content) };
    const next = componentBundle({
      snap: seven,
      components: [],
      declaredPairs: [{ name: 'docs', revision: 1 }],
      assertions,
      assumes: { revisions: [], components: [assumed], media: [] },
    });
    await scene.import(await scene.bundle(next));
    expect(await held()).toEqual(['docs 1: 6 7']);
  });

  it('are put together by pairs that come alone', async () => {
    await push({ components: [component({ pairedWith: [] })], declaredPairs: [] });
    expect(await held()).toEqual(['docs 1: ']);
    const pairs = testBundle({
      snaps: [],
      assertions: [{ name: 'pairs', bytes: encodeAssertionStream(docs.assertions) }],
    });
    await scene.import(await scene.bundle(pairs));
    expect(await held()).toEqual(['docs 1: 6']);
  });

  it('that go with nothing that is held are kept, and said to', async () => {
    const report = await push({ components: [component({ pairedWith: [5] })] });
    expect(report.notes).toEqual(['revision 1 of jq+docs goes with no revision that is held']);
    expect(await held()).toEqual(['docs 1: ']);
  });

  it('change nothing on a dry run, and are reported all the same', async () => {
    const tables = await scene.store.tables();
    const path = await scene.bundle(componentBundle({ snap: jq, components: [docs] }));
    expect(await scene.import(path, { dryRun: true })).toMatchObject({ components: [{ outcome: 'added' }] });
    expect(await scene.store.tables()).toBe(tables);
    expect(await held()).toEqual([]);
  });

  it('imported by two processes at once are there once', async () => {
    const path = await scene.bundle(componentBundle({ snap: jq, components: [docs] }));
    const other = await scene.open({ dataDir: scene.store.dataDir });
    try {
      await Promise.all([scene.import(path), other.context.get(ImportService).importPath(path)]);
    } finally {
      await other.close();
    }
    expect(await held()).toEqual(['docs 1: 6']);
  });

  it('are listed with the revision that they go with, and counted', async () => {
    const declaredPairs = [{ name: 'docs', revision: 2 }];
    await push({ components: [docs, component({ revision: 2 })], declaredPairs });
    const listing = scene.store.context.get(ListingService);
    expect(await listing.revisionsOf('jq')).toMatchObject([{ components: [{ name: 'docs', revision: 2 }] }]);
    const sizeBytes = jq.content.length + 2 * docs.content.length;
    expect(await listing.holdings()).toEqual({ snaps: 1, revisions: 1, sizeBytes });
  });

  it('are told to whoever carries the store further', async () => {
    await push();
    const [line] = await scene.store.context.get(HeldSnapsService).all();
    expect(line).toMatchObject({
      revisions: [{ revision: 6, components: [{ name: 'docs', revision: 1 }] }],
      components: [{ name: 'docs', revision: 1, type: 'standard', sha3_384: sha3(docs.content).hex }],
    });
  });
});

describe('a component is refused', () => {
  const member = `components/${testSnapId('jq')}_docs_1.comp`;

  it.each<[string, Partial<ComponentPlan>, string]>([
    [
      'another revision than is signed',
      { resourceRevision: { 'resource-revision': '2' } },
      'is declared as revision 1, and signed as revision 2',
    ],
    [
      'another size than is signed',
      { resourceRevision: { 'resource-size': '5' } },
      'bytes, and its snap-resource-revision assertion says 5',
    ],
    [
      'another content than is signed',
      { resourceRevision: { 'resource-sha3-384': sha3(Buffer.from('other')).base64url } },
      'for which there is no snap-resource-revision assertion',
    ],
    [
      'of another snap',
      { yaml: 'component: yq+docs\ntype: standard\n' },
      'is yq+docs in its component.yaml, and signed as jq+docs',
    ],
    ['of another name', { yaml: 'component: jq+other\ntype: standard\n' }, 'is jq+other in its component.yaml'],
    [
      'of another type',
      { declaredType: 'test' },
      'is of type "standard" in its component.yaml, and declared as "test"',
    ],
    [
      'of another provenance',
      { yaml: 'component: jq+docs\ntype: standard\nprovenance: elsewhere\n' },
      'has the provenance "elsewhere" in its component.yaml, and "global-upload"',
    ],
  ])('that is %s', async (_what, plan, reason) => {
    const { code, message } = await refusal({ components: [component(plan)] });
    expect(code).toBe('component-refused');
    expect(message).toContain(`${member}: `);
    expect(message).toContain(reason);
  });

  it('that has no component.yaml, with the file and member', async () => {
    const { code, message } = await refusal({ components: [component({ yaml: '{' })] });
    expect([code, message]).toEqual(['invalid-snap-yaml', expect.stringContaining(`test.tar.gz: ${member}: `)]);
  });

  it('that the manifest puts to a revision, and no signed pair', async () => {
    const declaredPairs = [{ name: 'docs', revision: 1 }];
    const { code, message } = await refusal({ components: [component({ pairedWith: [5] })], declaredPairs });
    expect(code).toBe('component-refused');
    expect(message).toContain('go with revision 1 of the component docs, for which there is no snap-resource-pair');
  });

  it.each([
    [{ other: 'standard' }, 'revision 6 of jq has no component of that name'],
    [{ docs: 'kernel-modules' }, 'revision 6 of jq declares it as "kernel-modules", not "standard"'],
  ])('that its snap does not know as it is: %o', async (types, reason) => {
    const { code, message } = await refusal({ snap: snap(6, types) });
    expect([code, message]).toEqual(['component-undeclared', expect.stringContaining(reason)]);
  });

  it('in another file under a revision that is held', async () => {
    await push();
    const other = component({ version: '2' });
    const { code, message } = await refusal({ components: [other], carriesSnap: false });
    expect([code, message]).toEqual([
      'component-conflict',
      expect.stringContaining('revision 1 of jq+docs is already'),
    ]);
  });

  it('where its snap is revoked', async () => {
    const revoked = signed('jq', 6, { declaration: { 'snap-name': '' } });
    const { code, message } = await refusal({ snap: revoked, carriesSnap: false });
    expect([code, message]).toEqual(['snap-refused', expect.stringContaining('is revoked')]);
  });

  it('by the rule that keeps its snap out, also where it comes without', async () => {
    await scene.import(await scene.pair(jq));
    const policy = parsePolicy('format: 1\nsnaps: { deny: [jq] }', 'policy.yaml');
    await scene.store.context.get(ImportRules).set(policy, 'alice');
    try {
      expect((await refusal({ carriesSnap: false })).code).toBe('policy-refused');
    } finally {
      await scene.store.query('TRUNCATE snap_store.import_policy');
    }
  });

  it('that an incremental bundle counts on and that is not held, by name', async () => {
    const id = testSnapId('jq');
    const assumed = { snapId: id, name: 'docs', revision: 4, digest: sha3(docs.content) };
    const assumes = { revisions: [], components: [assumed], media: [sha3(Buffer.from('x'))] };
    const { code, message } = await refusal({ components: [], assumes });
    expect(code).toBe('bundle-assumption-missing');
    expect(message).toContain('counts on revision 4 of jq+docs, the picture ');
  });

  it('that an incremental bundle counts on and that is held in another file', async () => {
    await push();
    const assumed = { snapId: testSnapId('jq'), name: 'docs', revision: 1, digest: sha3(Buffer.from('x')) };
    const { message } = await refusal({ components: [], assumes: { revisions: [], components: [assumed], media: [] } });
    expect(message).toContain('counts on revision 1 of jq+docs in another file than the one held');
  });
});

describe('components that are removed', () => {
  const remove = (options: { revision?: number } = {}) =>
    scene.store.context.get(SnapRemover).remove('jq', { force: true, ...options });

  it('go with the last revision that they go with', async () => {
    await push({ components: [component({ pairedWith: [6, 7] })] });
    await scene.import(
      await scene.bundle(componentBundle({ snap: snap(7), components: [component({ pairedWith: [7] })] })),
    );
    expect((await remove({ revision: 6 })).plan.components).toEqual([]);
    expect(await held()).toEqual(['docs 1: 7']);
    await scene.import(await scene.pair(signed('jq', 8)));
    const { plan } = await remove({ revision: 7 });
    expect(plan.components).toEqual([{ name: 'docs', revision: 1, sizeBytes: docs.content.length }]);
    expect(await held()).toEqual([]);
    expect(await scene.store.blobFiles()).toEqual([sha3(signed('jq', 8).content).hex]);
  });

  it('go with the whole snap, whether they go with a revision or not', async () => {
    await push({ components: [docs, component({ revision: 2, pairedWith: [5] })] });
    expect((await remove()).plan.components).toHaveLength(2);
    expect(await held()).toEqual([]);
    expect(await scene.store.blobFiles()).toEqual([]);
  });
});

describe('components of a store that is verified', () => {
  const verify = (repair = false) => scene.store.context.get(StoreVerifier).verify({ repair });

  it('are in use, and no orphans', async () => {
    await push();
    expect(await verify(true)).toMatchObject({
      isSound: true,
      files: { orphaned: [] },
      components: { checked: 1, problems: [] },
    });
    expect(await scene.store.blobFiles()).toHaveLength(2);
  });

  const hex = sha3(docs.content).hex;
  it.each([
    ['its file is not held', `DELETE FROM snap_store.blob WHERE sha3_384 = '${hex}'`],
    [
      'its file has 1 bytes where 16384 are right',
      `UPDATE snap_store.blob SET size_bytes = 1 WHERE sha3_384 = '${hex}'`,
    ],
    [
      'no snap-resource-revision that holds speaks of its file',
      `DELETE FROM snap_store.assertion WHERE type = 'snap-resource-revision'`,
    ],
    [
      'its snap-resource-revision is of another revision or size',
      `DELETE FROM snap_store.component_pair; UPDATE snap_store.component_revision SET revision = 2`,
    ],
    [
      'no snap-resource-pair that holds puts it to revision 6 of jq',
      `DELETE FROM snap_store.assertion WHERE type = 'snap-resource-pair'`,
    ],
  ])('are found wrong: %s', async (problem, damage) => {
    await push();
    await scene.store.query(damage);
    const { isSound, components } = await verify();
    expect(isSound).toBe(false);
    expect(components.problems).toMatchObject([{ name: 'jq+docs', problem }]);
  });
});
