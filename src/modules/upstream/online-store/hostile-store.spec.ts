import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  type EmulatedOnlineStore,
  type Misbehaviour,
  startOnlineStore,
} from '../../../../test/support/online-store.js';
import {
  bytesOf,
  found,
  onlineStoreClient,
  type TestClientOptions,
  wish,
} from '../../../../test/support/online-store-client.js';
import { TestAuthority, testSnapId } from '../../../../test/support/test-authority.js';
import { UpstreamAnswerError, UpstreamDeniedError, UpstreamUnreachableError } from '../http/http.errors.js';
import type { HttpOnlineStore } from './http-online-store.js';

const authority = TestAuthority.create();
const options = { signal: new AbortController().signal };
let store: EmulatedOnlineStore;
let client: HttpOnlineStore;
const others: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  store = await startOnlineStore({ authority });
  await store.publish({ name: 'jq', revision: 6, sizeBytes: 200_000, components: [{ name: 'docs', revision: 1 }] });
  await store.publish({ name: 'yq', revision: 9 });
});

beforeEach(() => {
  client = onlineStoreClient(store.url);
});

afterEach(async () => {
  store.behave();
  store.requests.splice(0);
  for (const one of [client, ...others.splice(0)]) await one.close();
});

afterAll(() => store.close());

const resolve = (one = client) => one.resolve([wish('jq', { snapId: testSnapId('jq') })], options);
const info = () => client.info('jq', ['amd64'], options);
const account = () => client.assertion('account', [authority.id], options);

async function urlOfJq(): Promise<string> {
  const [answer] = await resolve();
  return found(answer).revision.download.url;
}

function impatient(given: TestClientOptions): HttpOnlineStore {
  const one = onlineStoreClient(store.url, { retries: { tries: 1 }, ...given });
  others.push(one);
  return one;
}

interface Result {
  snap: Record<string, unknown>;
}

/** The first result of a refresh, or entry of a channel map, changed. */
function altered(path: 'results' | 'channel-map', change: (snap: Record<string, unknown>) => void): Misbehaviour {
  return {
    kind: 'json',
    change: (json: never) => {
      const [entry] = (json as Record<typeof path, (Result & Record<string, unknown>)[]>)[path];
      if (entry !== undefined) change(path === 'results' ? entry.snap : entry);
      return json;
    },
  };
}

describe('what cannot be believed is refused in words that name the snap', () => {
  it.each<[string, (snap: Record<string, unknown>) => void, string]>([
    ['another name', (snap) => (snap.name = 'x y'), 'results[0].snap.name does not fit'],
    ['another snap-id', (snap) => (snap['snap-id'] = testSnapId('yq')), `must be ${testSnapId('jq')}`],
    ['a revision in a text', (snap) => (snap.revision = '6'), 'results[0].snap.revision must be a whole number'],
    ['a revision without end', (snap) => (snap.revision = 2 ** 31), 'results[0].snap.revision'],
    ['a base that is a path', (snap) => (snap.base = '../../etc'), 'results[0].snap.base'],
    ['a type that nobody knows', (snap) => (snap.type = 'virus'), 'results[0].snap.type'],
    ['no architecture that exists', (snap) => (snap.architectures = ['pdp11']), 'results[0].snap.architectures'],
    ['an epoch that cannot be', (snap) => (snap.epoch = { read: [1], write: [2] }), 'results[0].snap.epoch'],
    ['no download', (snap) => delete snap.download, 'results[0].snap.download'],
    [
      'a file in clear',
      (snap) => Object.assign(snap.download as object, { url: 'http://evil.example/x' }),
      'download.url',
    ],
    [
      'a file on this machine',
      (snap) => Object.assign(snap.download as object, { url: 'file:///etc/passwd' }),
      'download.url',
    ],
    ['a digest of another kind', (snap) => Object.assign(snap.download as object, { 'sha3-384': 'ab' }), 'sha3-384'],
    ['a size below nothing', (snap) => Object.assign(snap.download as object, { size: -1 }), 'download.size'],
    [
      'a component twice',
      (snap) => (snap.resources as unknown[]).push((snap.resources as unknown[])[0]),
      'names docs twice',
    ],
  ])('%s', async (_, change, words) => {
    store.misbehave('refresh', altered('results', change));
    const error = await resolve().catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(UpstreamAnswerError);
    expect((error as Error).message).toContain(`${store.url}/v2/snaps/refresh cannot be believed about "jq": `);
    expect((error as Error).message).toContain(words);
  });

  it('another revision than the one that was asked for', async () => {
    store.misbehave(
      'refresh',
      altered('results', (snap) => (snap.revision = 5)),
    );
    const error = client.resolve([wish('jq', { revision: 6 })], options);
    await expect(error).rejects.toThrow('"jq": results[0].snap.revision must be 6, and is 5');
  });

  it.each<[string, (entry: Record<string, unknown>) => void, string]>([
    ['two channels in one', (entry) => Object.assign(entry.channel as object, { risk: 'edge' }), 'channel.name'],
    ['a channel that is none', (entry) => Object.assign(entry.channel as object, { name: '../x' }), 'channel.name'],
    [
      'a file in clear',
      (entry) => Object.assign(entry.download as object, { url: 'http://evil.example/x' }),
      'download.url',
    ],
  ])('a channel map with %s', async (_, change, words) => {
    store.misbehave('info', altered('channel-map', change));
    await expect(info()).rejects.toThrow(`cannot be believed about "jq": channel-map[0].${words}`);
  });

  it('a description of another snap', async () => {
    store.misbehave('info/jq', { kind: 'json', change: (json: never) => ({ ...(json as object), name: 'yq' }) });
    await expect(info()).rejects.toThrow('"jq": name must be "jq", and is "yq"');
  });

  it('another assertion than the one that was asked for', async () => {
    const other = authority.publisher('mallory');
    store.misbehave('assertions/account/', { kind: 'instead', body: other.encoded });
    await expect(account()).rejects.toThrow(`answers with the assertion account/mallory where account/${authority.id}`);
    const set = { series: '16', 'account-id': authority.id, name: 'set', sequence: '2', snaps: [] };
    const member = authority.sign('validation-set', { ...set, snaps: [{ name: 'jq', id: testSnapId('jq') }] });
    store.misbehave('assertions/validation-set', {
      kind: 'answer',
      answer: {
        status: 200,
        headers: { 'content-type': 'application/x.ubuntu.assertion' },
        body: Buffer.from(member.encoded),
      },
    });
    const [sequence, other2] = [
      ['16', authority.id, 'set'],
      ['16', authority.id, 'other'],
    ];
    await expect(client.sequenceAssertion('validation-set', sequence, 1, options)).rejects.toThrow(UpstreamAnswerError);
    await expect(client.sequenceAssertion('validation-set', other2, null, options)).rejects.toThrow(
      UpstreamAnswerError,
    );
  });

  it.each(['', 'type: account\n\nno signature', 'nonsense'])('an assertion that is none: %j', async (body) => {
    store.misbehave('assertions', { kind: 'instead', body });
    await expect(account()).rejects.toThrow(UpstreamAnswerError);
  });

  it('a web page, a page of half a JSON, and a redirect', async () => {
    store.misbehave('/v2/', { kind: 'html' });
    for (const ask of [resolve, info, account]) await expect(ask()).rejects.toThrow('with a web page');
    store.misbehave('/v2/', { kind: 'truncate', bytes: 50 });
    for (const ask of [resolve, info, account]) await expect(ask()).rejects.toThrow(UpstreamAnswerError);
    store.misbehave('/v2/', { kind: 'redirect', to: `${store.url}/v2/elsewhere` });
    for (const ask of [resolve, info, account]) await expect(ask()).rejects.toThrow('which is not followed');
  });
});

describe('a store that cannot answer now', () => {
  it.each([429, 500, 503])('is asked again after %i, and answers', async (status) => {
    store.misbehave('/v2/', { kind: 'status', status, headers: { 'retry-after': '0' } }, { times: 2 });
    expect(found((await resolve())[0]).revision.revision).toBe(6);
    expect(store.requests).toHaveLength(3);
  });

  it.each([
    [429, 'it has too many requests (429), 3 times'],
    [502, 'it answers 502, 3 times'],
  ])('is given up after so many of %i', async (status, words) => {
    store.misbehave('/v2/', { kind: 'status', status });
    const error = await account().catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(UpstreamUnreachableError);
    expect((error as Error).message).toContain(`/v2/assertions/account/${authority.id} cannot be reached: ${words}`);
    expect(store.requests).toHaveLength(3);
  });

  it('is not waited for as long as it likes', async () => {
    store.misbehave('/v2/', { kind: 'status', status: 429, headers: { 'retry-after': '86400' } });
    await expect(resolve()).rejects.toThrow('and asks to wait 1440 minutes');
    expect(store.requests).toHaveLength(1);
  });

  it('is asked again after a cut connection, and not after a refusal', async () => {
    store.misbehave('/v2/', { kind: 'cut', afterBytes: 10 }, { times: 1 });
    expect(found((await resolve())[0]).revision.revision).toBe(6);
    store.misbehave('/v2/', { kind: 'status', status: 401 });
    await expect(resolve()).rejects.toThrow(UpstreamDeniedError);
    store.misbehave('/v2/', { kind: 'status', status: 400 });
    await expect(resolve()).rejects.toThrow('/v2/snaps/refresh answers 400');
    expect(store.requests).toHaveLength(4);
  });

  it('is not waited for without end where it never answers', async () => {
    store.misbehave('/v2/', { kind: 'hang' });
    await expect(resolve(impatient({ limits: { answerMs: 200 } }))).rejects.toThrow(
      'did not answer within 0.2 seconds',
    );
  });
});

describe('a file', () => {
  it('is begun again where the store is busy, and not once bytes came', async () => {
    const url = await urlOfJq();
    store.misbehave('download', { kind: 'status', status: 503 }, { times: 2 });
    const transfer = await client.download(url, 0, options);
    expect((await bytesOf(transfer)).length).toBe(200_000);
    store.misbehave('download', { kind: 'cut', afterBytes: 70_000 });
    const cut = await client.download(url, 0, options);
    let received = 0;
    const receive = async () => {
      for await (const piece of cut.bytes) received += piece.length;
    };
    await expect(receive()).rejects.toThrow(UpstreamUnreachableError);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThanOrEqual(70_000);
  });

  it('is not waited for where it comes too slowly', async () => {
    const url = await urlOfJq();
    store.misbehave('download', { kind: 'drip', bytes: 10, everyMs: 10 });
    const slow = await impatient({ limits: { paceMs: 200, leastBytesPerSecond: 5000 } }).download(url, 0, options);
    await expect(bytesOf(slow)).rejects.toThrow('it sends less than 5000 bytes a second');
  });

  it('may come slowly if it does not come too slowly, and nobody is in a hurry', async () => {
    const url = await urlOfJq();
    store.misbehave('download', { kind: 'drip', bytes: 50_000, everyMs: 100 });
    const steady = await impatient({ limits: { paceMs: 50, leastBytesPerSecond: 5000 } }).download(url, 0, options);
    let received = 0;
    for await (const piece of steady.bytes) {
      received += piece.length;
      // The reader is the slow one here.
      if (received < 150_000) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(received).toBe(200_000);
  });

  it('that stops in the middle is not waited for without end', async () => {
    const url = await urlOfJq();
    store.misbehave('download', { kind: 'drip', bytes: 1000, everyMs: 60_000 });
    const stuck = await impatient({ limits: { answerMs: 300 } }).download(url, 0, options);
    await expect(bytesOf(stuck)).rejects.toThrow('it stopped in the middle of an answer');
  });

  it.each<[string, Misbehaviour, string]>([
    ['a web page', { kind: 'html' }, 'with a web page instead of the file'],
    ['nothing', { kind: 'status', status: 404 }, 'is not there (404)'],
    ['a bill', { kind: 'status', status: 402 }, 'has to be bought'],
    [
      'another part',
      {
        kind: 'answer',
        answer: { status: 206, headers: { 'content-range': 'bytes 0-9/200000' }, body: Buffer.alloc(10) },
      },
      'does not send the part that begins with byte 500',
    ],
    [
      'a packed file',
      { kind: 'answer', answer: { status: 200, headers: { 'content-encoding': 'gzip' }, body: Buffer.alloc(10) } },
      'packed as gzip',
    ],
    [
      'the way to a network in clear',
      { kind: 'redirect', to: 'http://evil.example/jq.snap' },
      'sends elsewhere (http://evil.example/jq.snap)',
    ],
    ['the way to a file', { kind: 'redirect', to: 'file:///etc/passwd' }, 'which is not followed'],
    ['the way to nowhere', { kind: 'redirect', to: 'http://' }, 'sends elsewhere (no place at all)'],
  ])('is not %s', async (_, how, words) => {
    const url = await urlOfJq();
    store.misbehave('download', how);
    await expect(client.download(url, 500, options)).rejects.toThrow(words);
  });

  it('is sent from its beginning by a store that knows no parts', async () => {
    const url = await urlOfJq();
    store.misbehave('download', { kind: 'no-range', content: Buffer.from('all of it') });
    const transfer = await client.download(url, 5, options);
    expect([transfer.from, transfer.size, (await bytesOf(transfer)).toString()]).toEqual([0, 9, 'all of it']);
  });

  it('is found at another place, to which no credentials go', async () => {
    const mirror = await startOnlineStore();
    others.push(mirror);
    mirror.offerFile('/cdn/jq.snap', Buffer.from('from the mirror'));
    const loggedIn = impatient({ login: { kind: 'token', credentials: { authorization: 'Macaroon secret' } } });
    const url = await urlOfJq();
    store.misbehave('download', { kind: 'redirect', to: `${mirror.url}/cdn/jq.snap` });
    expect((await bytesOf(await loggedIn.download(url, 0, options))).toString()).toBe('from the mirror');
    expect(store.requests.at(-1)?.headers.authorization).toBe('Macaroon secret');
    expect(mirror.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    await bytesOf(await loggedIn.download(`${mirror.url}/cdn/jq.snap`, 0, options));
    expect(mirror.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it('is not looked for in circles', async () => {
    const url = await urlOfJq();
    store.misbehave('download', { kind: 'redirect', to: url });
    await expect(client.download(url, 0, options)).rejects.toThrow('sends elsewhere more than 5 times');
    expect(store.requestsOf('download')).toHaveLength(6);
  });
});
