import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { type Reply, RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId, usualYaml } from '../../support/test-authority.js';

type Json = Record<string, unknown>;
interface Answer {
  readonly results: readonly (Json & { readonly result: string; readonly snap: Json })[];
  readonly 'error-list': readonly unknown[];
}

const jqId = testSnapId('jq');
const device = { 'snap-device-architecture': 'amd64', 'snap-device-series': '16', 'content-type': 'application/json' };

const installed = (given: Json = {}): Json => ({
  'snap-id': jqId,
  'instance-key': jqId,
  revision: 6,
  'tracking-channel': 'latest/stable',
  epoch: { read: [0], write: [0] },
  'refreshed-date': '2026-01-01T00:00:00Z',
  held: { by: ['system'] },
  ...given,
});
const install = (given: Json = {}): Json => ({
  action: 'install',
  'instance-key': 'install-1',
  name: 'jq',
  channel: 'stable',
  epoch: null,
  ...given,
});
const refresh = (given: Json = {}): Json => ({
  action: 'refresh',
  'instance-key': jqId,
  'snap-id': jqId,
  ...given,
});

describe.each(WAYS)('POST v2/snaps/refresh, by the %s', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    const jq = { name: 'jq', snapId: jqId };
    await store.push(store.authority.snap({ ...jq, revision: 5 }), '1.0/stable');
    await store.push(store.authority.snap({ ...jq, revision: 6 }));
    await store.push(store.authority.snap({ ...jq, revision: 7 }), 'latest/edge');
    const arm = usualYaml('arm', 1).replace('[amd64]', '[arm64]');
    await store.push(store.authority.snap({ name: 'arm', snapId: testSnapId('arm'), revision: 1, snapYaml: arm }));
  });

  afterAll(() => store.close());

  const post = (body: unknown, headers: Record<string, string> = device): Promise<Reply> => {
    return store.ask('/v2/snaps/refresh', { method: 'POST', headers, body: JSON.stringify(body) });
  };
  const ask = async (actions: Json[], context: Json[] = []): Promise<Answer> => {
    const reply = await post({ context, actions, fields: ['name', 'download'] });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    const answer = reply.json() as Answer;
    expect(answer.results).toHaveLength(actions.length);
    expect(answer['error-list']).toEqual([]);
    return answer;
  };
  const first = async (action: Json, context: Json[] = []): Promise<Answer['results'][number]> =>
    (await ask([action], context)).results[0]!;

  it('gives an install everything that snapd overwrites snap.yaml with (T5)', async () => {
    const result = await first(install());
    expect(result).toMatchObject({
      result: 'install',
      'instance-key': 'install-1',
      'snap-id': jqId,
      name: 'jq',
      'effective-channel': 'latest/stable',
    });
    expect(result.snap).toMatchObject({
      name: 'jq',
      'snap-id': jqId,
      revision: 6,
      type: 'app',
      confinement: 'strict',
      version: '6.0',
      architectures: ['amd64'],
      base: 'core22',
      publisher: {
        id: 'testpublisher',
        username: 'testpublisher',
        'display-name': 'testpublisher',
        validation: 'unproven',
      },
      'snap-yaml': usualYaml('jq', 6),
      summary: 'jq',
      description: 'of the tests',
      title: 'jq',
      download: { url: `${store.url}/api/v1/snaps/download/${jqId}_6.snap`, size: 16_384, deltas: [] },
    });
    expect((result.snap.download as Json)['sha3-384']).toMatch(/^[0-9a-f]{96}$/);
  });

  it('sends epoch, revision and type as snapd decodes them (T6), and no price (T13)', async () => {
    const { snap } = await first(install());
    expect(snap.epoch).toEqual({ read: [0], write: [0] });
    expect(Number.isInteger(snap.revision)).toBe(true);
    expect(['app', 'gadget', 'kernel', 'base', 'os', 'snapd']).toContain(snap.type);
    expect(snap.prices).toEqual({});
    expect(snap.private).toBe(false);
  });

  it('answers each action for itself, in order, whatever the others are', async () => {
    const { results } = await ask(
      [
        install({ 'instance-key': 'install-1', name: 'unknown' }),
        refresh({ 'instance-key': 'elsewhere', 'snap-id': testSnapId('elsewhere') }),
        install({ 'instance-key': 'install-2' }),
        { action: 'download', 'instance-key': 'download-1', name: 'jq', revision: 7, epoch: null },
        { action: 'dance', 'instance-key': 'dance-1', name: 'jq' },
        refresh(),
      ],
      [installed()],
    );
    expect(results.map(({ result, 'instance-key': key }) => [key, result])).toEqual([
      ['install-1', 'error'],
      ['elsewhere', 'error'],
      ['install-2', 'install'],
      ['download-1', 'download'],
      ['dance-1', 'error'],
      [jqId, 'refresh'],
    ]);
    expect(results[0]).toMatchObject({ name: 'unknown', error: { code: 'name-not-found' } });
    expect(results[1]).toMatchObject({ error: { code: 'id-not-found' } });
    expect(results[3]!.snap.revision).toBe(7);
    expect(results[4]).toMatchObject({ name: 'jq', error: { code: 'unknown-action' } });
  });

  it('says "no update" with the revision that the device has (T7)', async () => {
    const result = await first(refresh(), [installed()]);
    expect(result).toMatchObject({ result: 'refresh', 'effective-channel': 'latest/stable', snap: { revision: 6 } });
  });

  it.each([
    ['held', 7],
    ['not held', 99],
  ])('leaves a device alone that is ahead with a revision that is %s', async (_what, revision) => {
    const result = await first(refresh(), [installed({ revision })]);
    expect(result).toMatchObject({
      result: 'refresh',
      'instance-key': jqId,
      snap: { revision, name: 'jq', 'snap-id': jqId },
    });
  });

  it('gives every device its own answer, also where it asks the same as the one before', async () => {
    const answers = async () => ({
      behind: await first(refresh(), [installed({ revision: 5 })]),
      current: await first(refresh(), [installed()]),
      ahead: await first(refresh(), [installed({ revision: 9 })]),
      onEdge: await first(refresh(), [installed({ 'tracking-channel': 'latest/edge' })]),
      elsewhere: (await post({ context: [installed()], actions: [refresh()] }, { ...device, host: 'localhost:1' })).body
        .toString()
        .includes('"url":"http://localhost:1/'),
    });
    const cold = await answers();
    expect(await answers()).toEqual(cold);
    const { behind, current, ahead, onEdge, elsewhere } = cold;
    expect([behind, current, ahead, onEdge].map(({ snap }) => snap.revision)).toEqual([6, 6, 9, 7]);
    expect(JSON.stringify(behind)).toBe(JSON.stringify(current));
    expect(behind.snap.download).toMatchObject({ url: expect.stringContaining(store.url) as string });
    expect(elsewhere).toBe(true);
  });

  it('moves a device to where it asks to go, back as well', async () => {
    const context = [installed({ revision: 7, 'tracking-channel': 'latest/edge' })];
    expect((await first(refresh({ channel: 'latest/stable' }), context)).snap.revision).toBe(6);
    expect((await first(refresh({ revision: 5 }), context)).snap.revision).toBe(5);
    expect((await first(refresh({ revision: 5, channel: 'edge' }), context)).snap.revision).toBe(5);
    expect((await first(refresh({ channel: '1.0/beta' }), context))['effective-channel']).toBe('1.0/stable');
  });

  it('tells whoever asks for what is not there which releases there are (T8)', async () => {
    for (const action of [install({ channel: '2.0/stable' }), install({ revision: 99 }), refresh({ channel: '2.0' })]) {
      const result = await first(action, [installed()]);
      expect(result).toMatchObject({
        result: 'error',
        name: 'jq',
        'snap-id': jqId,
        error: {
          code: 'revision-not-found',
          extra: {
            releases: [
              { architecture: 'amd64', channel: 'latest/stable' },
              { architecture: 'amd64', channel: 'latest/edge' },
              { architecture: 'amd64', channel: '1.0/stable' },
            ],
          },
        },
      });
    }
    expect(await first(install({ name: 'arm' }))).toMatchObject({
      name: 'arm',
      error: { code: 'revision-not-found', extra: { releases: [{ architecture: 'arm64', channel: 'latest/stable' }] } },
    });
    expect(await first(install({ channel: 'a/b/c/d' }))).toMatchObject({
      name: 'jq',
      error: { code: 'invalid-channel' },
    });
  });

  it('echoes the instance-key of a parallel install', async () => {
    const key = `${jqId}:3q2-7w`;
    const result = await first(refresh({ 'instance-key': key }), [installed({ 'instance-key': key, revision: 5 })]);
    expect(result).toMatchObject({ result: 'refresh', 'instance-key': key, snap: { revision: 6 } });
  });

  it('redirects an install without a track to the default one', async () => {
    const { context } = store.operator;
    const { CatalogWriter } = await import('../../../src/modules/catalog/index.js');
    const jq = { snapId: jqId, name: 'jq', publisherId: 'testpublisher' };
    await context.get(CatalogWriter).ensureSnap({ ...jq, defaultTrack: '1.0' });
    await expect
      .poll(() => first(install()))
      .toMatchObject({
        'effective-channel': '1.0/stable',
        'redirect-channel': '1.0/stable',
        snap: { revision: 5 },
      });
    const explicit = await first(install({ channel: 'latest/stable' }));
    expect(explicit).toMatchObject({ 'effective-channel': 'latest/stable', snap: { revision: 6 } });
    expect(explicit['redirect-channel']).toBeUndefined();
    await context.get(CatalogWriter).ensureSnap({ ...jq, defaultTrack: null });
    await expect.poll(async () => (await first(install()))['effective-channel']).toBe('latest/stable');
  });

  it('follows an operator who takes a release back, and closes channels', async () => {
    const context = [installed({ revision: 7, 'tracking-channel': 'latest/edge' })];
    await store.releases.release('jq', 5, Channel.parse('edge'));
    await expect.poll(async () => (await first(refresh(), context)).snap.revision).toBe(5);
    await store.releases.close('jq', Channel.parse('edge'));
    await expect
      .poll(async () => await first(install({ channel: 'edge' })))
      .toMatchObject({ 'effective-channel': 'latest/stable', snap: { revision: 6 } });
    await store.releases.release('jq', 7, Channel.parse('edge'));
    await expect.poll(async () => (await first(install({ channel: 'edge' }))).snap.revision).toBe(7);
  });

  it.each([
    ['no JSON', 'this is not JSON'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['no actions', '{"context":[]}'],
    ['actions that are none', '{"actions":{"length":3}}'],
    ['an action of null', '{"actions":[null]}'],
    ['an action without its name', '{"actions":[{"instance-key":"a"}]}'],
    ['a revision as text', JSON.stringify({ actions: [install({ revision: '7' })] })],
    ['a revision below one', JSON.stringify({ actions: [install({ revision: -1 })] })],
    ['a revision out of range', JSON.stringify({ actions: [install({ revision: 1e300 })] })],
    ['an epoch that is none', JSON.stringify({ actions: [install({ epoch: { read: ['x'] } })] })],
    ['a name that is an object', JSON.stringify({ actions: [install({ name: { toString: 'jq' } })] })],
    ['a long instance-key', JSON.stringify({ actions: [install({ 'instance-key': 'x'.repeat(10_000) })] })],
    ['a context of texts', JSON.stringify({ context: ['jq'], actions: [install()] })],
    ['too many actions', JSON.stringify({ actions: Array.from({ length: 2_001 }, () => install()) })],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('refuses %s with a status of 400 and a reason', async (_what, body) => {
    const reply = await store.ask('/v2/snaps/refresh', { method: 'POST', headers: device, body });
    // A host that parses bodies itself has limits and words of its own.
    if (way === 'controllers') {
      expect([400, 413]).toContain(reply.status);
      return;
    }
    expect([reply.status, reply.headers['content-type']]).toEqual([400, 'application/json']);
    expect(reply.json()).toMatchObject({ 'error-list': [{ code: 'bad-request' }] });
    expect(reply.headers['snap-store-version']).toBe('69');
  });

  it.runIf(way === 'lane')('reads a body without a content type, and none that is too large', async () => {
    const headers = { 'snap-device-architecture': 'amd64' };
    expect((await post({ actions: [install()] }, headers)).status).toBe(200);
    const large = await store.ask('/v2/snaps/refresh', {
      method: 'POST',
      headers,
      body: Buffer.alloc(5 * 1024 * 1024, 32),
    });
    expect(large.status).toBe(413);
    expect(large.json()).toMatchObject({ 'error-list': [{ code: 'too-many-bytes' }] });
  });

  it('takes fields that it does not know, as newer devices send them', async () => {
    const actions = [
      install({ 'ignore-validation': true, 'validation-sets': [['16', 'a', 'b', '3']], news: { x: 1 } }),
    ];
    const reply = await post({ actions, context: [installed({ news: [1] })], fields: ['news'], news: null });
    expect(reply.status).toBe(200);
  });

  it('asks for the architecture where it matters', async () => {
    const reply = await post({ actions: [install()] }, { 'content-type': 'application/json' });
    expect([reply.status, reply.headers['content-type']]).toEqual([400, 'application/json']);
    const v1 = await post(
      { actions: [install()] },
      { 'content-type': 'application/json', 'x-ubuntu-architecture': 'amd64' },
    );
    expect((v1.json() as Answer).results[0]!.result).toBe('install');
  });
});
