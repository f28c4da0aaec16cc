import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { CatalogWriter, DefaultTrackService } from '../../../src/modules/catalog/index.js';
import { RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId, usualYaml } from '../../support/test-authority.js';

type Json = Record<string, unknown>;
interface Result extends Json {
  readonly result: string;
  readonly snap: Json;
  readonly error: Json;
}

/** Which revision of several a device gets, by channel, branch, track, epoch and architecture; each test has snaps of its own. */
describe.each(WAYS)('which revision a device gets, by the %s', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open(way);
  });

  afterAll(() => store.close());

  const push = (name: string, revision: number, channel = 'latest/stable', yaml?: string): Promise<void> => {
    const plan = { name, snapId: testSnapId(name), revision };
    return store.push(store.authority.snap(yaml === undefined ? plan : { ...plan, snapYaml: yaml }), channel);
  };
  const ask = async (actions: Json[], context: Json[] = [], architecture = 'amd64'): Promise<Result[]> => {
    const reply = await store.ask('/v2/snaps/refresh', {
      method: 'POST',
      headers: { 'snap-device-architecture': architecture, 'content-type': 'application/json' },
      body: JSON.stringify({ context, actions }),
    });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    return (reply.json() as { results: Result[] }).results;
  };
  const first = async (...args: Parameters<typeof ask>): Promise<Result> => (await ask(...args))[0]!;
  const install = (name: string, given: Json = {}): Json => {
    return { action: 'install', 'instance-key': 'install-1', name, channel: 'stable', epoch: null, ...given };
  };
  const refresh = (name: string, given: Json = {}): Json => {
    const id = testSnapId(name);
    return { action: 'refresh', 'instance-key': id, 'snap-id': id, ...given };
  };
  const installed = (name: string, revision: number, given: Json = {}): Json => {
    const id = testSnapId(name);
    const epoch = { read: [0], write: [0] };
    return { 'snap-id': id, 'instance-key': id, revision, 'tracking-channel': 'latest/stable', epoch, ...given };
  };

  it('from a branch, and from its risk once the branch is closed', async () => {
    await push('branched', 1);
    await push('branched', 2, 'latest/stable/fix-1');
    const tracking = { 'tracking-channel': 'latest/stable/fix-1' };
    const action = install('branched', { channel: 'latest/stable/fix-1' });
    expect(await first([action])).toMatchObject({ 'effective-channel': 'latest/stable/fix-1', snap: { revision: 2 } });
    expect((await first([install('branched')])).snap.revision).toBe(1);
    expect((await first([refresh('branched')], [installed('branched', 1, tracking)])).snap.revision).toBe(2);
    await store.releases.close('branched', Channel.parse('stable/fix-1'));
    await expect
      .poll(() => first([action]))
      .toMatchObject({ 'effective-channel': 'latest/stable', snap: { revision: 1 } });
    const back = await first([refresh('branched')], [installed('branched', 2, tracking)]);
    expect(back).toMatchObject({ 'effective-channel': 'latest/stable', snap: { revision: 1 } });
  });

  it('of the track that an operator chose, whatever bundles say', async () => {
    await push('tracked', 1);
    await push('tracked', 2, '2.0/stable');
    await push('tracked', 3, '3.0/stable');
    const tracks = store.operator.context.get(DefaultTrackService);
    const bundleSays = (defaultTrack: string | null) =>
      store.operator.context
        .get(CatalogWriter)
        .ensureSnap({ snapId: testSnapId('tracked'), name: 'tracked', publisherId: 'testpublisher', defaultTrack });
    const redirect = async (): Promise<unknown> => (await first([install('tracked')]))['redirect-channel'];

    await bundleSays('2.0');
    await expect.poll(redirect).toBe('2.0/stable');
    expect(await tracks.choose('tracked', '3.0')).toEqual({ name: 'tracked', track: '3.0', isChosen: true });
    await expect.poll(redirect).toBe('3.0/stable');
    await bundleSays(null);
    await bundleSays('2.0');
    expect(await redirect()).toBe('3.0/stable');
    const info = await store.ask('/v2/snaps/info/tracked?architecture=amd64');
    expect(info.json()).toMatchObject({
      'default-track': '3.0',
      'channel-map': [{ channel: { track: '3.0' } }, {}, {}],
    });
    await tracks.choose('tracked', 'latest');
    await expect.poll(redirect).toBeUndefined();
    expect(await tracks.clear('tracked')).toEqual({ name: 'tracked', track: '2.0', isChosen: false });
    await expect.poll(redirect).toBe('2.0/stable');

    await expect(tracks.choose('tracked', '9.0')).rejects.toMatchObject({ code: 'track-not-open' });
    await expect(tracks.choose('tracked', 'stable')).rejects.toMatchObject({ code: 'track-not-open' });
    await expect(tracks.choose('tracked', 'a b')).rejects.toMatchObject({ code: 'invalid-channel' });
    await expect(tracks.choose('unknown', '9.0')).rejects.toMatchObject({ code: 'snap-not-held' });
    expect(await tracks.of('tracked')).toEqual({ name: 'tracked', track: '2.0', isChosen: false });
  });

  it('by way of one that can read its data, where the newest cannot', async () => {
    const yaml = (revision: number, epoch: string): string => `${usualYaml('epochs', revision)}epoch: ${epoch}\n`;
    await push('epochs', 1, 'latest/stable', yaml(1, '0'));
    await push('epochs', 2, 'latest/stable', yaml(2, '1*'));
    await push('epochs', 3, 'latest/stable', yaml(3, '1'));
    const at = (revision: number, read: number[], write: number[]): Json[] => {
      return [installed('epochs', revision, { epoch: { read, write } })];
    };
    const next = async (context: Json[]): Promise<unknown> => (await first([refresh('epochs')], context)).snap.revision;
    expect(await next(at(1, [0], [0]))).toBe(2);
    expect(await next(at(2, [0, 1], [1]))).toBe(3);
    expect(await next(at(3, [1], [1]))).toBe(3);
    expect((await first([install('epochs')])).snap).toMatchObject({ revision: 3, epoch: { read: [1], write: [1] } });
    expect((await first([install('epochs', { epoch: { read: [0], write: [0] } })])).snap.revision).toBe(2);
    // A cohort keeps the steps that there were, and no others.
    const cohorts = await store.ask('/v2/cohorts', { method: 'POST', body: '{"snaps":["epochs"]}' });
    const key = (cohorts.json() as { 'cohort-keys': Record<string, string> })['cohort-keys'].epochs;
    await push('epochs', 4, 'latest/stable', yaml(4, '2*'));
    await expect.poll(async () => (await first([install('epochs')])).snap.revision).toBe(4);
    const grouped = at(1, [0], [0]).map((snap) => ({ ...snap, 'cohort-key': key }));
    expect(await next(grouped)).toBe(2);
    expect(await next(at(3, [1], [1]))).toBe(4);
  });

  it('that still runs on an architecture which newer ones have left behind', async () => {
    const yaml = (revision: number, architectures: string): string =>
      usualYaml('retired', revision).replace('[amd64]', architectures);
    await push('retired', 1, 'latest/stable', yaml(1, '[amd64, i386]'));
    await push('retired', 2, 'latest/stable', yaml(2, '[amd64]'));
    expect((await first([install('retired')])).snap.revision).toBe(2);
    expect((await first([install('retired')], [], 'i386')).snap.revision).toBe(1);
    const old = await first([refresh('retired')], [installed('retired', 1)], 'i386');
    expect(old).toMatchObject({ result: 'refresh', 'effective-channel': 'latest/stable', snap: { revision: 1 } });
    const foreign = await first([install('retired')], [], 'armhf');
    expect(foreign.error).toMatchObject({ code: 'revision-not-found' });
    const { releases } = foreign.error.extra as { releases: Json[] };
    expect(releases).toEqual([
      { architecture: 'amd64', channel: 'latest/stable' },
      { architecture: 'i386', channel: 'latest/stable' },
    ]);
  });

  it('of a snap that was taken back: none, by name or id, and others as before', async () => {
    await push('revoked', 1);
    await push('beside', 1);
    expect((await first([install('revoked')])).result).toBe('install');
    await store.revoke(testSnapId('revoked'));
    await expect
      .poll(() => first([install('revoked')]))
      .toMatchObject({ result: 'error', name: 'revoked', error: { code: 'name-not-found' } });
    const context = [installed('revoked', 1), installed('beside', 1)];
    const [gone, other] = await ask([refresh('revoked'), refresh('beside')], context);
    expect(gone).toMatchObject({ result: 'error', 'snap-id': testSnapId('revoked'), error: { code: 'id-not-found' } });
    expect(other).toMatchObject({ result: 'refresh', snap: { revision: 1 } });
  });

  it('when it was released, told in RFC 3339, and each of several instances by itself', async () => {
    await push('twice', 1);
    await push('twice', 2, 'latest/edge');
    const one = `${testSnapId('twice')}:b25l`;
    const context = [
      installed('twice', 1),
      installed('twice', 1, { 'instance-key': one, 'tracking-channel': 'latest/edge' }),
    ];
    const results = await ask([refresh('twice'), refresh('twice', { 'instance-key': one })], context);
    expect(results.map((result) => [result['instance-key'], result.snap.revision])).toEqual([
      [testSnapId('twice'), 1],
      [one, 2],
    ]);
    for (const result of results) {
      expect(result['released-at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  it.each([
    ['by the system', { by: ['system'] }],
    ['by another snap', { by: ['system', 'other'] }],
    ['in a way that a newer device may say it', { until: '2027-01-01T00:00:00Z', by: null }],
    ['by nobody', null],
    ['by nonsense', 7],
  ])('although it is held %s: that is for the device to heed', async (_what, held) => {
    await push('held', 1);
    await push('held', 2);
    const result = await first([refresh('held')], [installed('held', 1, { held })]);
    expect(result).toMatchObject({ result: 'refresh', snap: { revision: 2 } });
  });

  it('of many at once, in the order of the questions', async () => {
    await push('twice', 1);
    const actions = Array.from({ length: 500 }, (_, index) => install('twice', { 'instance-key': `install-${index}` }));
    const results = await ask(actions);
    expect(results.map((result) => result['instance-key'])).toEqual(actions.map((action) => action['instance-key']));
    expect(new Set(results.map(({ snap }) => snap.revision))).toEqual(new Set([1]));
  });
});
