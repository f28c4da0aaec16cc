import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { encodeCohortKey } from '../../../src/modules/catalog/cohorts/cohort-key.js';
import { CohortDesk } from '../../../src/modules/catalog/index.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { type Reply, RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';

type Json = Record<string, unknown>;
interface Result extends Json {
  readonly result: string;
  readonly snap: Json;
  readonly error: Json;
}

const jqId = testSnapId('jq');
const device = { 'snap-device-architecture': 'amd64', 'snap-device-series': '16', 'content-type': 'application/json' };

const installed = (given: Json = {}): Json => ({
  'snap-id': jqId,
  'instance-key': jqId,
  revision: 5,
  'tracking-channel': 'latest/stable',
  epoch: { read: [0], write: [0] },
  ...given,
});
const refresh = (given: Json = {}): Json => ({ action: 'refresh', 'instance-key': jqId, 'snap-id': jqId, ...given });
const install = (given: Json = {}): Json => ({ action: 'install', 'instance-key': 'install-1', name: 'jq', ...given });

describe.each(WAYS)('what a device holds snaps to, by the %s', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    for (const revision of [5, 6, 7]) await push(revision, `latest/${['stable', 'candidate', 'edge'][revision - 5]}`);
    await store.push(store.authority.snap({ name: 'other', snapId: testSnapId('other'), revision: 1 }));
  });

  afterAll(() => store.close());

  const push = (revision: number, channel: string): Promise<void> =>
    store.push(store.authority.snap({ name: 'jq', snapId: jqId, revision }), channel);
  const post = (path: string, body: unknown, headers: Record<string, string> = device): Promise<Reply> => {
    return store.ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  };
  const ask = async (actions: Json[], context: Json[] = []): Promise<Result[]> => {
    const reply = await post('/v2/snaps/refresh', { context, actions, fields: ['name'] });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    return (reply.json() as { results: Result[] }).results;
  };
  const first = async (action: Json, context: Json[] = []): Promise<Result> => (await ask([action], context))[0]!;
  const revisionOf = async (action: Json, context: Json[] = []): Promise<unknown> =>
    (await first(action, context)).snap.revision;

  describe('validation sets', () => {
    const key = (name: string, sequence = 1): string[] => ['16', store.authority.id, name, String(sequence)];
    const title = (name: string, sequence = 1): string => `${store.authority.id}/${name}=${sequence}`;
    const validationSet = (name: string, snap: Record<string, string>, headers: Record<string, string> = {}) =>
      store.authority.sign('validation-set', {
        series: '16',
        'account-id': store.authority.id,
        name,
        sequence: '1',
        snaps: [{ name: 'jq', id: jqId, ...snap }],
        ...headers,
      });

    beforeAll(async () => {
      await store.operator.context
        .get(AssertionService)
        .add([
          validationSet('six', { presence: 'required', revision: '6' }),
          validationSet('six-too', { presence: 'optional', revision: '6' }),
          validationSet('seven', { revision: '7' }),
          validationSet('any', { presence: 'required' }),
          validationSet('none', { presence: 'invalid' }),
          validationSet('ninety', { presence: 'required', revision: '90' }),
          validationSet('others', { name: 'other', id: testSnapId('other'), presence: 'required', revision: '1' }),
        ]);
    });

    it('gives the revision that they pin, whatever the channel holds', async () => {
      const sets = { 'validation-sets': [key('six'), key('six-too'), key('any'), key('others')] };
      expect(await first(install({ ...sets, channel: 'stable' }))).toMatchObject({
        'effective-channel': 'latest/stable',
        snap: { revision: 6 },
      });
      expect(await first(refresh(sets), [installed()])).toMatchObject({
        result: 'refresh',
        'effective-channel': 'latest/stable',
        snap: { revision: 6 },
      });
      expect(await revisionOf(refresh(), [installed(sets)])).toBe(6);
      expect(await revisionOf(refresh({ ...sets, channel: 'edge' }), [installed()])).toBe(6);
      expect(await revisionOf(refresh({ ...sets, revision: 6 }), [installed()])).toBe(6);
      expect(await revisionOf(refresh(), [installed({ ...sets, revision: 7 })])).toBe(6);
      expect(await revisionOf({ ...install(sets), action: 'download', 'instance-key': 'download-1' })).toBe(6);
    });

    it('lets the channel decide where they pin nothing', async () => {
      const sets = { 'validation-sets': [key('any'), key('others')] };
      expect(await revisionOf(refresh(sets), [installed({ 'tracking-channel': 'latest/edge' })])).toBe(7);
    });

    it('never goes beyond what they pin', async () => {
      const sets = { 'validation-sets': [key('six')] };
      expect(await first(install({ ...sets, revision: 7 }))).toMatchObject({
        result: 'error',
        name: 'jq',
        error: {
          code: 'revision-ruled-out',
          message: expect.stringContaining(`${title('six')} pins revision 6`) as string,
        },
      });
    });

    it('does not offer what one of them forbids', async () => {
      for (const [action, context] of [
        [install({ 'validation-sets': [key('none')] }), []],
        [refresh(), [installed({ 'validation-sets': [key('none')] })]],
      ] as const) {
        expect(await first(action, [...context])).toMatchObject({
          result: 'error',
          name: 'jq',
          error: { code: 'snap-ruled-out', message: expect.stringContaining(title('none')) as string },
        });
      }
    });

    it.each([
      ['revisions', ['six', 'seven'], 'validation-set-conflict'],
      ['presence', ['six', 'none'], 'validation-set-conflict'],
    ])('says which of them cannot hold together: %s', async (_what, names, code) => {
      const result = await first(install({ 'validation-sets': names.map((name) => key(name)) }));
      expect(result).toMatchObject({ result: 'error', error: { code } });
      for (const name of names) expect(result.error.message).toContain(title(name));
    });

    it('names a set that is not held, and one that is no set', async () => {
      for (const unknown of [key('six', 2), key('unknown'), ['16', 'a/b', 'c\0', 'x']]) {
        const result = await first(install({ 'validation-sets': [key('six'), unknown] }));
        expect(result).toMatchObject({ result: 'error', error: { code: 'validation-set-not-held' } });
      }
      const { error } = await first(install({ 'validation-sets': [key('unknown', 3)] }));
      expect(error.message).toContain(title('unknown', 3));
    });

    it('names who pins a revision that is not held; a device that has it keeps it', async () => {
      const sets = { 'validation-sets': [key('ninety')] };
      expect(await first(refresh(), [installed(sets)])).toMatchObject({
        result: 'error',
        error: { code: 'revision-not-found', message: expect.stringContaining(`${title('ninety')} pins`) as string },
      });
      expect(await revisionOf(refresh(), [installed({ ...sets, revision: 90 })])).toBe(90);
      expect(await revisionOf(refresh({ ...sets, revision: 90 }), [installed({ revision: 90 })])).toBe(90);
    });

    it('passes them over where the device says so, then or before', async () => {
      const sets = { 'validation-sets': [key('six')] };
      const ignoring = { 'ignore-validation': true };
      expect(await revisionOf(refresh({ ...sets, ...ignoring }), [installed()])).toBe(5);
      expect(await revisionOf(refresh(), [installed({ ...sets, ...ignoring })])).toBe(5);
      const again = refresh({ ...sets, 'ignore-validation': false });
      expect(await revisionOf(again, [installed(ignoring)])).toBe(6);
    });

    it('leaves the answers of other devices as they are, and of other snaps', async () => {
      const others = testSnapId('other');
      const actions = [
        refresh({ 'validation-sets': [key('none')] }),
        refresh({ 'snap-id': others, 'instance-key': others }),
      ];
      const context = [installed(), installed({ 'snap-id': others, 'instance-key': others, revision: 1 })];
      expect((await ask(actions, context)).map(({ result }) => result)).toEqual(['error', 'refresh']);
      expect(await revisionOf(refresh(), [installed()])).toBe(5);
    });

    it('hears of a newer revision of a set, and of one that was missing', async () => {
      const action = install({ 'validation-sets': [key('changing')] });
      expect((await first(action)).error.code).toBe('validation-set-not-held');
      const assertions = store.operator.context.get(AssertionService);
      await assertions.add([validationSet('changing', { revision: '6' })]);
      await expect.poll(() => revisionOf(action)).toBe(6);
      await assertions.add([validationSet('changing', { revision: '7' }, { revision: '1' })]);
      await expect.poll(() => revisionOf(action)).toBe(7);
    });

    it('refuses a request whose sets are no keys', async () => {
      const reply = await post('/v2/snaps/refresh', { actions: [install({ 'validation-sets': [['16', 'a']] })] });
      expect([reply.status, reply.headers['content-type']]).toEqual([400, 'application/json']);
      expect(reply.body.toString()).toContain('validation-sets');
    });
  });

  describe('cohorts', () => {
    const create = async (...snaps: string[]): Promise<Record<string, string>> => {
      // snapd sends no content type (store/store.go, CreateCohorts).
      const headers = { 'snap-device-architecture': 'amd64', accept: '' };
      const reply = await post('/v2/cohorts', { snaps }, headers);
      expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
      return (reply.json() as { 'cohort-keys': Record<string, string> })['cohort-keys'];
    };
    const keyOf = async (name: string): Promise<string> => (await create(name))[name]!;
    /** As a command would have it, which reads the settings when it starts. */
    const desk = async (): Promise<CohortDesk> => {
      await store.operator.context.get(SettingsService).reload();
      return store.operator.context.get(CohortDesk);
    };
    const release = async (revision: number, channel: string): Promise<void> => {
      await store.releases.release('jq', revision, Channel.parse(channel));
      await expect.poll(() => revisionOf(install({ channel }))).toBe(revision);
    };

    it('makes a key for each snap', async () => {
      const keys = await create('jq', 'other', 'jq');
      expect(Object.keys(keys)).toEqual(['jq', 'other']);
      for (const key of Object.values(keys)) expect(key).toMatch(/^cohort1\.[\w-]+\.[\w-]{43}$/);
      const shown = await (await desk()).describe(keys.jq!);
      expect(shown).toMatchObject({ name: 'jq', state: 'in force' });
      expect(shown.channels[0]).toEqual({ channel: 'latest/stable', architecture: 'amd64', revision: 5 });
      expect(shown.expiresAt.getTime() - shown.madeAt.getTime()).toBe(90 * 24 * 60 * 60 * 1_000);
    });

    it('has devices see the channels as they were when the key was made', async () => {
      const cohort = { 'cohort-key': await keyOf('jq') };
      await release(6, 'stable');
      expect(await first(install(cohort))).toMatchObject({
        'effective-channel': 'latest/stable',
        snap: { revision: 5 },
      });
      expect(await revisionOf(refresh(), [installed(cohort)])).toBe(5);
      expect(await revisionOf(refresh(), [installed()])).toBe(6);
      await release(5, 'stable');
      await release(6, 'stable');
      expect(await revisionOf(refresh(), [installed({ ...cohort, revision: 4 })])).toBe(5);
      const later = { 'cohort-key': await keyOf('jq') };
      expect(await revisionOf(refresh(later), [installed(cohort)])).toBe(6);
      await release(5, 'stable');
      expect(await revisionOf(refresh(), [installed({ ...later, revision: 5 })])).toBe(6);
    });

    it('takes a device that enters one back, none that is in it, and lets one go that leaves it', async () => {
      const cohort = { 'cohort-key': await keyOf('jq') };
      await release(6, 'stable');
      expect(await revisionOf(refresh(cohort), [installed({ revision: 6 })])).toBe(5);
      expect(await revisionOf(refresh(), [installed({ ...cohort, revision: 9 })])).toBe(9);
      expect(await revisionOf(refresh({ channel: 'latest/stable' }), [installed(cohort)])).toBe(6);
      await release(5, 'stable');
    });

    it('knows nothing of channels that were opened later, and still those that were closed', async () => {
      const cohort = { 'cohort-key': await keyOf('jq') };
      await store.releases.release('jq', 7, Channel.parse('3.0/stable'));
      await store.releases.close('jq', Channel.parse('latest/edge'));
      await expect.poll(() => revisionOf(install({ channel: 'latest/edge' }))).toBe(6);
      expect(await revisionOf(install({ ...cohort, channel: 'latest/edge' }))).toBe(7);
      const { error } = await first(install({ ...cohort, channel: '3.0/stable' }));
      expect(error).toMatchObject({ code: 'revision-not-found' });
      const { releases } = error.extra as { releases: { channel: string }[] };
      expect(releases.map(({ channel }) => channel)).toEqual(['latest/stable', 'latest/candidate', 'latest/edge']);
      await release(7, 'latest/edge');
      await store.releases.close('jq', Channel.parse('3.0/stable'));
    });

    it('gives a revision by its number, or what a validation set pins, to devices in one too', async () => {
      const cohort = { 'cohort-key': await keyOf('jq') };
      expect(await revisionOf(install({ ...cohort, revision: 7 }))).toBe(7);
      const sets = { 'validation-sets': [['16', store.authority.id, 'six', '1']] };
      expect(await revisionOf(refresh(sets), [installed(cohort)])).toBe(6);
    });

    it('refuses a key of another snap, a forged one, and one that is none', async () => {
      const key = await keyOf('jq');
      const forged = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
      for (const cohortKey of [await keyOf('other'), forged, 'MSBhYmMgMTUxNzk=', 'x'.repeat(512)]) {
        expect(await first(install({ 'cohort-key': cohortKey }))).toMatchObject({
          result: 'error',
          name: 'jq',
          error: { code: 'cohort-key-invalid' },
        });
      }
    });

    it('refuses a key once all of its snap were ended', async () => {
      const cohort = { 'cohort-key': await keyOf('jq') };
      expect(await revisionOf(install(cohort))).toBe(5);
      await (await desk()).end('jq');
      await expect
        .poll(() => first(install(cohort)))
        .toMatchObject({ result: 'error', error: { code: 'cohort-key-expired' } });
      expect(await (await desk()).describe(cohort['cohort-key'])).toMatchObject({ state: 'ended' });
      expect(await revisionOf(install({ 'cohort-key': await keyOf('jq') }))).toBe(5);
    });

    // Whether settings are followed is up to the host where it is not the store's own server.
    it.runIf(way === 'lane')('follows the setting for how long a key counts', async () => {
      await keyOf('other');
      const settings = store.operator.context.get(SettingsService);
      await settings.reload();
      const secret = Buffer.from((await settings.secret('proxy.cohorts.secret')) ?? '');
      const madeAt = new Date(Date.now() - 40 * 24 * 60 * 60 * 1_000);
      const key = encodeCohortKey({ snapId: testSnapId('other'), lastReleaseId: '9999', madeAt }, secret);
      const action = install({ name: 'other', 'cohort-key': key });
      expect(await revisionOf(action)).toBe(1);
      await settings.change(new Map([['proxy.cohorts.expire-days', '30']]));
      await expect.poll(() => first(action)).toMatchObject({ error: { code: 'cohort-key-expired' } });
      expect(await (await desk()).describe(key)).toMatchObject({ name: 'other', state: 'expired' });
      await settings.change(new Map([['proxy.cohorts.expire-days', null]]));
      await expect.poll(async () => (await first(action)).result).toBe('install');
    });

    it.each([
      ['a snap that is not held', { snaps: ['jq', 'unknown'] }, 404, 'resource-not-found'],
      ['what can be no name', { snaps: ['../jq'] }, 404, 'resource-not-found'],
      ['no snaps', { snaps: [] }, 400, 'bad-request'],
      ['no list', { snaps: 'jq' }, 400, 'bad-request'],
      ['numbers', { snaps: [1] }, 400, 'bad-request'],
      ['too many', { snaps: Array.from({ length: 501 }, () => 'jq') }, 400, 'bad-request'],
      ['nothing', {}, 400, 'bad-request'],
    ])('refuses to make one for %s', async (_what, body, status, code) => {
      const reply = await post('/v2/cohorts', body);
      expect([reply.status, reply.headers['content-type']]).toEqual([status, 'application/json']);
      expect(reply.json()).toMatchObject({ 'error-list': [{ code }] });
    });
  });
});
