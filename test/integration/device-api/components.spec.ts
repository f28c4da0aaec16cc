import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AssertionService } from '../../../src/modules/assertions/index.js';
import { sha3 } from '../../support/bundles.js';
import { componentBundle, signedComponent, yamlWith, type SignedComponent } from '../../support/components.js';
import { RunningStore, WAYS } from '../../support/running-store.js';
import { type SignedSnap, testSnapId } from '../../support/test-authority.js';

type Json = Record<string, unknown>;

interface Info {
  readonly 'channel-map': readonly Json[];
}

const jqId = testSnapId('jq');
const plainId = testSnapId('plain');

describe.each(WAYS)('components, by the %s', (way) => {
  let store: RunningStore;
  let docs: SignedComponent;
  let newerDocs: SignedComponent;
  let models: SignedComponent;

  const snap = (revision: number): SignedSnap => {
    const snapYaml = yamlWith('jq', revision, { docs: 'standard', models: 'kernel-modules' });
    return store.authority.snap({ name: 'jq', snapId: jqId, revision, snapYaml });
  };
  const pushSix = () => store.pushBundle(componentBundle({ snap: snap(6), components: [docs, models] }));

  beforeAll(async () => {
    store = await RunningStore.open(way);
    const { plan } = snap(6);
    docs = signedComponent(store.authority, plan, { name: 'docs', revision: 1, pairedWith: [5, 6] });
    newerDocs = signedComponent(store.authority, plan, { name: 'docs', revision: 2, pairedWith: [6] });
    models = signedComponent(store.authority, plan, {
      name: 'models',
      revision: 4,
      type: 'kernel-modules',
      version: '4.4',
      pairedWith: [6],
    });
    await store.push(snap(5), '1.0/stable');
    await pushSix();
    await store.push(store.authority.snap({ name: 'plain', snapId: plainId, revision: 1 }));
  });

  afterAll(() => store.close());

  const RESOURCES = ['name', 'revision', 'resources'];
  const post = async (body: Json): Promise<{ readonly snap: Json; readonly error?: Json }> => {
    const reply = await store.ask('/v2/snaps/refresh', {
      method: 'POST',
      headers: { 'snap-device-architecture': 'amd64', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(reply.status).toBe(200);
    return (reply.json() as { results: { snap: Json; error?: Json }[] }).results[0]!;
  };
  const install = (name = 'jq', given: Json = {}, fields: unknown = RESOURCES) => {
    return post({ actions: [{ action: 'install', 'instance-key': 'i', name, epoch: null, ...given }], fields });
  };
  const refresh = (fields: unknown = RESOURCES, revision = 5) =>
    post({
      context: [
        {
          'snap-id': jqId,
          'instance-key': jqId,
          revision,
          'tracking-channel': 'latest/stable',
          epoch: { read: [0], write: [0] },
        },
      ],
      actions: [{ action: 'refresh', 'instance-key': jqId, 'snap-id': jqId }],
      fields,
    });
  const revisionsIn = (snapObject: Json): string[] =>
    (snapObject.resources as Json[]).map(({ name, revision }) => `${String(name)} ${String(revision)}`);

  const docsResource = () => ({
    type: 'component/standard',
    name: 'docs',
    revision: 1,
    version: '6.0',
    'created-at': '2026-01-01T00:00:00.000Z',
    description: 'docs of jq',
    download: {
      url: `${store.url}/api/v1/snaps/download/${jqId}_docs_1.comp`,
      size: docs.content.length,
      'sha3-384': sha3(docs.content).hex,
      deltas: [],
    },
  });

  it('are offered with the revision that they go with to devices that ask', async () => {
    const { snap: offered } = await install();
    expect(offered.resources).toEqual([
      docsResource(),
      expect.objectContaining({ type: 'component/kernel-modules', name: 'models', revision: 4, version: '4.4' }),
    ]);
    expect(offered).toMatchObject({ name: 'jq', revision: 6, download: { size: 16_384 }, media: [] });
    expect(revisionsIn((await install('jq', { revision: 5 })).snap)).toEqual(['docs 1']);
  });

  it.each([
    ['without them', ['name', 'revision'], []],
    ['with them', RESOURCES, ['docs 1', 'models 4']],
    ['with all that there is', undefined, ['docs 1', 'models 4']],
    ['with something odd', { length: 1 }, ['docs 1', 'models 4']],
  ])('are in an answer %s, cold and warm', async (_what, fields, expected) => {
    for (const revision of [5, 6, 5]) {
      const { snap: offered } = await refresh(fields, revision);
      expect(offered.revision).toBe(6);
      expect(revisionsIn(offered)).toEqual(expected);
    }
  });

  it('are not in the answer about another snap', async () => {
    expect((await install('plain')).snap.resources).toEqual([]);
  });

  it('are told by info to whoever asks', async () => {
    const all = (await store.ask('/v2/snaps/info/jq')).json() as Info;
    expect((all['channel-map'][0]!.resources as Json[])[0]).toEqual(docsResource());
    const some = (await store.ask('/v2/snaps/info/jq?fields=resources,revision')).json() as Info;
    expect(some['channel-map'].map((line) => revisionsIn(line))).toEqual([['docs 1', 'models 4'], ['docs 1']]);
    const none = (await store.ask('/v2/snaps/info/jq?fields=revision')).json() as Info;
    expect(none['channel-map'][0]).not.toHaveProperty('resources');
  });

  it('are downloaded from where the answer says', async () => {
    const path = docsResource().download.url.slice(store.url.length);
    const { status, headers, body } = await store.ask(path, { headers: { 'accept-encoding': 'gzip' } });
    expect([status, headers['content-type'], headers['content-length']]).toEqual([
      200,
      'application/octet-stream',
      String(docs.content.length),
    ]);
    expect(headers['content-encoding']).toBeUndefined();
    expect(body.equals(docs.content)).toBe(true);
    const part = await store.ask(path, { headers: { range: 'bytes=100-' } });
    expect([part.status, part.body.equals(docs.content.subarray(100))]).toEqual([206, true]);
    expect((await store.ask(path, { method: 'HEAD' })).status).toBe(200);
  });

  it.each([
    `${jqId}_docs_9.comp`,
    `${jqId}_other_1.comp`,
    `${plainId}_docs_1.comp`,
    `${testSnapId('unknown')}_docs_1.comp`,
    `${jqId}_docs_0.comp`,
    `${jqId}_docs_1.snap`,
    `${jqId}_..%2f1_1.comp`,
  ])('there is no %s', async (file) => {
    const { status, json } = await store.ask(`/api/v1/snaps/download/${file}`);
    expect([status, json()]).toMatchObject([404, { 'error-list': [{ code: 'resource-not-found' }] }]);
  });

  it('have the assertions that a device asks for, with and without the usual provenance', async () => {
    const digest = sha3(docs.content).base64url;
    for (const path of [
      `snap-resource-revision/${jqId}/docs/${digest}`,
      `snap-resource-revision/${jqId}/docs/${digest}/global-upload`,
      `snap-resource-pair/${jqId}/docs/1/6`,
      `snap-resource-pair/${jqId}/docs/1/6/global-upload`,
    ]) {
      const { status, body } = await store.ask(`/v2/assertions/${path}?max-format=0`);
      expect([path, status]).toEqual([path, 200]);
      expect(body.toString()).toContain('resource-name: docs\n');
    }
    expect((await store.ask(`/v2/assertions/snap-resource-pair/${jqId}/docs/1/7`)).status).toBe(404);
  });

  it('are seen as soon as they are there: the highest that goes with the revision', async () => {
    await refresh();
    await store.pushBundle(componentBundle({ snap: snap(6), carriesSnap: false, components: [newerDocs] }));
    await expect.poll(async () => revisionsIn((await refresh()).snap)).toEqual(['docs 2', 'models 4']);
    await pushSix();
    expect(revisionsIn((await install()).snap)).toEqual(['docs 2', 'models 4']);
    // What a device was told of before is there still.
    expect((await store.ask(`/api/v1/snaps/download/${jqId}_docs_1.comp`)).status).toBe(200);
  });

  it('are of the revision that a validation set pins, and not there where one forbids them', async () => {
    await store.pushBundle(componentBundle({ snap: snap(6), carriesSnap: false, components: [newerDocs] }));
    const accountId = store.authority.id;
    const jq = { name: 'jq', id: jqId, revision: '6' };
    const components = { docs: { presence: 'optional', revision: '1' }, models: 'invalid' };
    const set = { series: '16', 'account-id': accountId, name: 'docs', sequence: '1', snaps: [{ ...jq, components }] };
    await store.operator.context.get(AssertionService).add([store.authority.sign('validation-set', set)]);
    const sets = { 'validation-sets': [['16', accountId, 'docs', '1']] };
    await expect.poll(async () => revisionsIn((await install()).snap)).toEqual(['docs 2', 'models 4']);
    expect(revisionsIn((await install('jq', sets)).snap)).toEqual(['docs 1']);
    expect(revisionsIn((await install('jq', { ...sets, 'ignore-validation': true })).snap)).toHaveLength(2);
    expect(revisionsIn((await refresh()).snap)).toEqual(['docs 2', 'models 4']);
  });
});
