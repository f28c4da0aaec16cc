import { afterEach, describe, expect, it } from 'vitest';

import { sha3 } from '../../../../test/support/bundles.js';
import {
  type EmulatedOnlineStore,
  type OnlineStoreOptions,
  startOnlineStore,
} from '../../../../test/support/online-store.js';
import {
  bytesOf,
  found,
  onlineStoreClient,
  type TestClientOptions,
  wish,
} from '../../../../test/support/online-store-client.js';
import { type Answer, jsonAnswer } from '../../../../test/support/online-store/answer.js';
import { TestAuthority, testSnapId } from '../../../../test/support/test-authority.js';
import { encodeMacaroon, Macaroon } from '../../../formats/macaroon/index.js';
import { Channel } from '../../../kernel/channel.js';
import type { StoreLogin } from '../login/store-login.js';
import type { HttpOnlineStore } from './http-online-store.js';
import { StoreInfoNotOfferedError } from './online-store.errors.js';

const authority = TestAuthority.create();
const open: { close(): Promise<void> }[] = [];
const options = { signal: new AbortController().signal };

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function emulated(given: OnlineStoreOptions = {}): Promise<EmulatedOnlineStore> {
  const store = await startOnlineStore({ authority, ...given });
  open.push(store);
  return store;
}

function clientOf(store: EmulatedOnlineStore, given: TestClientOptions = {}): HttpOnlineStore {
  const client = onlineStoreClient(store.url, given);
  open.push(client);
  return client;
}

describe('resolving', () => {
  it('finds revisions by channel, by number and by default, with all that the store says', async () => {
    const store = await emulated();
    const icon = Buffer.from('an icon');
    await store.publish({ name: 'jq', revision: 6, channels: ['latest/stable'] });
    await store.publish({
      name: 'jq',
      revision: 7,
      channels: ['latest/edge', '1.7/stable'],
      components: [{ name: 'docs', revision: 3, version: '9' }],
      media: [{ type: 'icon', bytes: icon, contentType: 'image/png', width: 64, height: 64 }],
      says: { website: 'https://jq.example', title: 'J\u0000Q' },
    });
    const client = clientOf(store);
    const answers = await client.resolve(
      [
        wish('jq'),
        wish('jq', { channel: Channel.parse('edge') }),
        wish('jq', { revision: 7 }),
        wish('none'),
        wish('jq', { channel: Channel.parse('2.0/stable') }),
      ],
      options,
    );
    const [byDefault, edge, numbered, unknown, closed] = answers;
    expect(found(byDefault)).toMatchObject({
      channel: Channel.parse('stable'),
      revision: { revision: 6, base: 'core22' },
    });
    expect(found(edge)).toMatchObject({
      channel: Channel.parse('edge'),
      releasedAt: '2026-01-02T03:04:05.678901+00:00',
      revision: {
        revision: 7,
        version: '7.0',
        type: 'app',
        architectures: ['amd64'],
        epoch: { read: [0], write: [0] },
        components: [{ name: 'docs', revision: 3, type: 'standard', version: '9' }],
      },
      details: { title: 'JQ', website: 'https://jq.example', media: [{ type: 'icon', width: 64, height: 64 }] },
    });
    expect(found(edge).revision.snapYaml).toContain('name: jq\n');
    expect(found(numbered)).toMatchObject({ channel: null, revision: { revision: 7 } });
    expect(unknown).toMatchObject({ found: false, code: 'name-not-found' });
    expect(closed).toMatchObject({ found: false, code: 'revision-not-found' });
    expect(closed).toMatchObject({
      releases: expect.arrayContaining([{ architecture: 'amd64', channel: '1.7/stable' }]) as unknown,
    });
    expect(store.requestsOf('/v2/snaps/refresh')).toHaveLength(1);
    expect(store.requests[0]?.headers).toMatchObject({
      'snap-device-series': '16',
      'snap-device-architecture': 'amd64',
    });
  });

  it('asks once for each architecture, and answers in the order of the wishes', async () => {
    const store = await emulated();
    await store.publish({ name: 'one', revision: 1, architectures: ['amd64'] });
    await store.publish({ name: 'two', revision: 2, architectures: ['arm64'] });
    await store.publish({ name: 'all', revision: 3, architectures: ['all'] });
    const wishes = [
      wish('two', { architecture: 'arm64' }),
      wish('one'),
      wish('all', { architecture: 'arm64' }),
      wish('all'),
    ];
    const answers = await clientOf(store).resolve(wishes, options);
    expect(answers.map((answer) => found(answer).revision.name)).toEqual(['two', 'one', 'all', 'all']);
    expect(store.requestsOf('refresh')).toHaveLength(2);
  });

  it('follows a snap that was renamed by its snap-id', async () => {
    const store = await emulated();
    await store.publish({ name: 'new-name', revision: 1, snapId: testSnapId('old') });
    const [answer] = await clientOf(store).resolve([wish('old-name', { snapId: testSnapId('old') })], options);
    expect(found(answer).revision.name).toBe('new-name');
  });

  it('tells of the default track, and of a cohort', async () => {
    const store = await emulated();
    await store.publish({ name: 'lxd', revision: 1, channels: ['5.0/stable'], defaultTrack: '5.0' });
    await store.publish({ name: 'lxd', revision: 2, channels: ['5.0/stable'], defaultTrack: '5.0' });
    store.cohorts.set('KEY', new Map([['lxd', 1]]));
    const [plain, inCohort] = await clientOf(store).resolve([wish('lxd'), wish('lxd', { cohortKey: 'KEY' })], options);
    expect([found(plain).revision.revision, found(plain).channel?.track]).toEqual([2, '5.0']);
    expect(found(inCohort).revision.revision).toBe(1);
  });
});

describe('a description', () => {
  it('has the channel map of the architectures that were asked for, with branches', async () => {
    const store = await emulated();
    await store.publish({ name: 'jq', revision: 6, channels: ['latest/stable'], architectures: ['amd64'] });
    await store.publish({
      name: 'jq',
      revision: 7,
      channels: ['1.7/edge/fix-1'],
      architectures: ['arm64'],
      defaultTrack: '1.7',
    });
    await store.publish({ name: 'jq', revision: 8, channels: ['latest/edge'], architectures: ['riscv64'] });
    const info = await clientOf(store).info('jq', ['amd64', 'arm64'], options);
    const map = info?.channelMap.map(
      ({ architecture, channel, revision }) => `${architecture} ${channel.toString()} ${revision.revision}`,
    );
    expect(map).toEqual(['amd64 latest/stable 6', 'arm64 1.7/edge/fix-1 7']);
    expect(info?.details).toMatchObject({ snapId: testSnapId('jq'), publisher: { username: 'testpublisher' } });
  });

  it('is null for an unknown snap, and an error of its own where the store describes none', async () => {
    const [full, small] = [await emulated(), await emulated({ withoutInfo: true })];
    await expect(clientOf(full).info('none', ['amd64'], options)).resolves.toBeNull();
    await expect(clientOf(small).info('jq', ['amd64'], options)).rejects.toThrow(StoreInfoNotOfferedError);
  });
});

describe('assertions', () => {
  it('are found by key and by sequence, and null where there is none', async () => {
    const store = await emulated();
    const { content } = await store.publish({ name: 'jq', revision: 6 });
    const set = {
      series: '16',
      'account-id': authority.id,
      name: 'set',
      snaps: [{ name: 'jq', id: testSnapId('jq') }],
    };
    store.offerAssertions(['1', '2'].map((sequence) => authority.sign('validation-set', { ...set, sequence })));
    const client = clientOf(store);
    const revision = await client.assertion('snap-revision', [sha3(content).base64url], options);
    expect(revision?.headers['snap-id']).toBe(testSnapId('jq'));
    await expect(client.assertion('account', ['nobody'], options)).resolves.toBeNull();
    const key = ['16', authority.id, 'set'];
    expect((await client.sequenceAssertion('validation-set', key, null, options))?.sequence).toBe(2);
    expect((await client.sequenceAssertion('validation-set', key, 1, options))?.sequence).toBe(1);
    await expect(client.sequenceAssertion('validation-set', key, 3, options)).resolves.toBeNull();
  });
});

describe('a download', () => {
  it('brings a file, and its rest', async () => {
    const store = await emulated();
    const { content } = await store.publish({ name: 'jq', revision: 6, sizeBytes: 300_000 });
    const client = clientOf(store);
    const [answer] = await client.resolve([wish('jq')], options);
    const { url, size } = found(answer).revision.download;
    const whole = await client.download(url, 0, options);
    expect([whole.from, whole.size]).toEqual([0, size]);
    expect((await bytesOf(whole)).equals(content)).toBe(true);
    const rest = await client.download(url, 200_000, options);
    expect([rest.from, rest.size]).toEqual([200_000, size]);
    expect((await bytesOf(rest)).equals(content.subarray(200_000))).toBe(true);
  });
});

describe('who asks', () => {
  const key = Buffer.from('of both');
  const root = Macaroon.create('store', Buffer.from('root'), Buffer.from('of the store'));
  const discharge = (id: string) => Macaroon.create('127.0.0.1', Buffer.from(id), key);

  function macaroons(location: string): StoreLogin {
    const caveat = { location, key, id: Buffer.from('who') };
    return { kind: 'macaroons', root: root.withThirdPartyCaveat(caveat), discharge: discharge('old') };
  }

  /** A store that is its own identity provider, and takes fresh discharges only. */
  async function demanding(renewal: Answer): Promise<EmulatedOnlineStore> {
    const store = await emulated();
    await store.publish({ name: 'jq', revision: 6 });
    const headers = { 'www-authenticate': 'Macaroon needs_refresh=1' };
    store.misbehave('/v2/', { kind: 'status', status: 401, headers }, { times: 1 });
    store.misbehave('tokens/refresh', { kind: 'answer', answer: renewal });
    return store;
  }

  const fresh = jsonAnswer(200, { discharge_macaroon: encodeMacaroon(discharge('fresh')) });

  it('has a log-in renewed when it is too old, where it was given and nowhere else', async () => {
    const store = await demanding(fresh);
    const client = clientOf(store, { login: macaroons('127.0.0.1'), ssoLocation: store.url });
    expect(found((await client.resolve([wish('jq')], options))[0]).revision.revision).toBe(6);
    const sent = store.requests.map(({ path, headers }) => [path, headers.authorization] as const);
    expect(sent.map(([path]) => path)).toEqual(['/v2/snaps/refresh', '/api/v2/tokens/refresh', '/v2/snaps/refresh']);
    expect(store.requests[1]?.body).toBe(JSON.stringify({ discharge_macaroon: encodeMacaroon(discharge('old')) }));
    expect(sent[1]?.[1]).toBeUndefined();
    expect(sent[2]?.[1]).not.toBe(sent[0]?.[1]);
  });

  it('has a log-in renewed when the store says so snap by snap', async () => {
    const store = await demanding(fresh);
    store.behave();
    store.misbehave('tokens/refresh', { kind: 'answer', answer: fresh });
    const error = { code: 'user-authorization-needs-refresh', message: 'too old' };
    const change = () => ({ results: [{ result: 'error', 'instance-key': 'download-1', error }] });
    store.misbehave('snaps/refresh', { kind: 'json', change }, { times: 1 });
    const client = clientOf(store, { login: macaroons('127.0.0.1'), ssoLocation: store.url });
    expect(found((await client.resolve([wish('jq')], options))[0]).revision.revision).toBe(6);
  });

  it('does not show its log-in to an identity provider of another name', async () => {
    const store = await demanding(fresh);
    const client = clientOf(store, { login: macaroons('login.invalid'), ssoLocation: store.url });
    await expect(client.resolve([wish('jq')], options)).rejects.toThrow('https://login.invalid cannot be reached');
    expect(store.requestsOf('tokens')).toEqual([]);
  });

  it.each([
    ['is not renewed', jsonAnswer(403, {}), 'does not renew the log-in (403)'],
    ['is renewed with nonsense', jsonAnswer(200, { discharge_macaroon: 'x' }), 'with a macaroon that is none'],
  ])('is told when the log-in %s', async (_, renewal, words) => {
    const store = await demanding(renewal);
    const client = clientOf(store, { login: macaroons('127.0.0.1'), ssoLocation: store.url });
    await expect(client.resolve([wish('jq')], options)).rejects.toThrow(words);
  });

  it('sees private snaps with credentials, and those of a store of its own with its id', async () => {
    const store = await emulated({ authorization: 'Macaroon root="r"' });
    await store.publish({ name: 'secret', revision: 1, isPrivate: true });
    await store.publish({ name: 'branded', revision: 1, storeId: 'brandstore' });
    const wishes = [wish('secret'), wish('branded')];
    const areFound = async (client: HttpOnlineStore) =>
      (await client.resolve(wishes, options)).map((answer) => answer.found);
    expect(await areFound(clientOf(store))).toEqual([false, false]);
    const credentials = { authorization: 'Macaroon root="r"' };
    const known = clientOf(store, { login: { kind: 'token', credentials }, storeId: 'brandstore' });
    expect(await areFound(known)).toEqual([true, true]);
    await known.assertion('account', [authority.id], options);
    expect(store.requests.at(-1)?.headers).toMatchObject({ ...credentials, 'x-ubuntu-store': 'brandstore' });
  });
});
