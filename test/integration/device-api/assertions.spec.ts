import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decodeAssertion } from '../../../src/formats/assertion/index.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { type Reply, RunningStore, WAYS } from '../../support/running-store.js';
import { type SignedSnap, testSnapId } from '../../support/test-authority.js';

type Json = Record<string, unknown>;

const jqId = testSnapId('jq');

describe.each(WAYS)('assertions, by the %s', (way) => {
  let store: RunningStore;
  let jq: SignedSnap;
  let account: string;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    account = store.authority.id;
    jq = store.authority.snap({ name: 'jq', snapId: jqId, revision: 6 });
    await store.push(jq);
    await store.operator.context.get(AssertionService).add([set(1), set(3), set(3, 2), set(20), declaration(2)]);
  });

  afterAll(() => store.close());

  const set = (sequence: number, revision = 0) =>
    store.authority.sign('validation-set', {
      series: '16',
      'account-id': account,
      name: 'lab',
      sequence: String(sequence),
      ...(revision === 0 ? {} : { revision: String(revision) }),
      snaps: [{ name: 'jq', id: jqId, presence: 'required' }],
    });
  /** In format 1, because it says something about plugs. */
  const declaration = (revision: number) =>
    store.authority.sign('snap-declaration', {
      format: '1',
      series: '16',
      'snap-id': jqId,
      'snap-name': 'jq',
      'publisher-id': 'testpublisher',
      revision: String(revision),
      plugs: { home: { 'allow-auto-connection': 'true' } },
    });

  const get = (path: string): Promise<Reply> => {
    return store.ask(`/v2/assertions/${path}`, { headers: { accept: 'application/x.ubuntu.assertion' } });
  };

  it('are sent byte for byte as they were signed (T2)', async () => {
    const [publisher, , revision] = jq.assertions;
    for (const assertion of [publisher!, revision!]) {
      const reply = await get(`${assertion.type.name}/${assertion.reducedPrimaryKey.join('/')}?max-format=0`);
      expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/x.ubuntu.assertion']);
      expect(reply.body.equals(assertion.encoded)).toBe(true);
      expect(reply.headers['content-length']).toBe(String(assertion.encoded.length));
    }
  });

  it('are found with and without their optional keys, percent-encoded or not', async () => {
    const revision = jq.assertions[2]!;
    const [digest = ''] = revision.reducedPrimaryKey;
    for (const key of [digest, `${digest}/global-upload`, `${encodeURIComponent(digest)}/global%2Dupload`]) {
      expect((await get(`snap-revision/${key}?max-format=0`)).body.equals(revision.encoded)).toBe(true);
    }
  });

  it('come in the highest format that the device reads', async () => {
    const format = async (query: string): Promise<number> =>
      decodeAssertion((await get(`snap-declaration/16/${jqId}${query}`)).body).format;
    expect(await format('?max-format=0')).toBe(0);
    expect(await format('?max-format=5')).toBe(1);
    expect(await format('')).toBe(1);
    expect((await get(`snap-declaration/16/${jqId}?max-format=99999999999`)).status).toBe(400);
    expect(await format('?max-format=4294967295')).toBe(1);
  });

  it('include the roots, which devices ask for too', async () => {
    expect((await get('account/canonical?max-format=0')).status).toBe(200);
    const key = '-CvQKAwRQ5h3Ffn10FILJoEZUXOv6km9FwA80-Rcj-f-6jadQ89VRswHNiEB9Lxk';
    const root = await get(`account-key/${key}?max-format=0`);
    expect(decodeAssertion(root.body).text('name')).toBe('root');
  });

  it('of a sequence are found by number, as the latest, and by their full key (T16)', async () => {
    const read = async (path: string): Promise<[number | null, number]> => {
      const { sequence, revision } = decodeAssertion((await get(path)).body);
      return [sequence, revision];
    };
    const base = `validation-set/16/${account}/lab`;
    expect(await read(`${base}?max-format=0&sequence=latest`)).toEqual([20, 0]);
    expect(await read(`${base}?max-format=0&sequence=3`)).toEqual([3, 2]);
    expect(await read(`${base}/3?max-format=0`)).toEqual([3, 2]);
    expect((await get(`${base}?sequence=2`)).status).toBe(404);
    expect((await get(`validation-set/16/${account}/other?sequence=latest`)).status).toBe(404);
  });

  it.each([
    ['snap-declaration/16/nothing', 404, 'not-found'],
    ['account/nobody?max-format=0', 404, 'not-found'],
    ['account/a%00b', 404, 'not-found'],
    ['account/%C3%BC%E2%80%AE', 404, 'not-found'],
    ['a-type-of-tomorrow/1/2', 404, 'not-found'],
    ['snap-declaration/16', 400, null],
    ['snap-declaration/16/a/b/c', 400, null],
    ['account/', 400, null],
    ['account/a%2Fb', 400, null],
    ['validation-set/16/a/b?sequence=-1', 400, null],
    ['validation-set/16/a/b?sequence=latest%00', 400, null],
    ['validation-set/16?sequence=latest', 400, null],
    ['account/x?sequence=latest', 400, null],
    ['account/x?max-format=-1', 400, null],
    ['account/x?max-format=abc', 400, null],
    [`account/${'x'.repeat(4000)}`, 404, 'not-found'],
  ])('answer %s with %i in the one form that snapd reads (T1)', async (path, status, code) => {
    const reply = await get(path);
    expect([reply.status, reply.headers['content-type']]).toEqual([status, 'application/json']);
    const { 'error-list': errors } = reply.json() as { 'error-list': Json[] };
    expect(errors).toHaveLength(1);
    if (code !== null) expect(errors[0]!.code).toBe(code);
    expect(reply.headers['snap-store-version']).toBe('69');
  });

  it('are there as soon as another process has added them', async () => {
    const path = 'account/latecomer?max-format=0';
    expect((await get(path)).status).toBe(404);
    await store.operator.context.get(AssertionService).add([store.authority.publisher('latecomer')]);
    await expect.poll(async () => (await get(path)).status).toBe(200);
  });

  describe('fetched in bulk', () => {
    const fetchAll = async (groups: Record<string, Json[]>, maxFormats?: Json): Promise<Record<string, Json>> => {
      const actions = Object.entries(groups).map(([key, assertions]) => ({
        action: 'fetch-assertions',
        key,
        assertions,
      }));
      const body = JSON.stringify({ context: [], actions, 'assertion-max-formats': maxFormats });
      const headers = { 'content-type': 'application/json' };
      const reply = await store.ask('/v2/snaps/refresh', { method: 'POST', headers, body });
      expect(reply.status).toBe(200);
      const { results } = reply.json() as { results: Json[] };
      expect(results.map(({ result, key }) => [result, key])).toEqual(
        Object.keys(groups).map((key) => ['fetch-assertions', key]),
      );
      return Object.fromEntries(results.map((result) => [String(result.key), result]));
    };
    const declared = { type: 'snap-declaration', 'primary-key': ['16', jqId] };
    const lab = () => ({ type: 'validation-set', 'sequence-key': ['16', account, 'lab'] });
    const urls = async (wanted: Json, maxFormats?: Json): Promise<unknown> =>
      (await fetchAll({ AQA: [wanted] }, maxFormats)).AQA!['assertion-stream-urls'];

    it('are told by URLs that give them, each under the key of its group', async () => {
      const groups = await fetchAll(
        { AAA: [declared], AQA: [{ type: 'account', 'primary-key': ['testpublisher'] }, lab()] },
        { 'snap-declaration': 5 },
      );
      expect(groups.AAA!['assertion-stream-urls']).toEqual([
        `${store.url}/v2/assertions/snap-declaration/16/${jqId}?max-format=5`,
      ]);
      for (const url of groups.AQA!['assertion-stream-urls'] as string[]) {
        const { status, body } = await store.ask(url.slice(store.url.length));
        expect(status).toBe(200);
        expect(['testpublisher', '20']).toContain(decodeAssertion(body).primaryKey.at(-1));
      }
    });

    it('are news only in a higher revision', async () => {
      expect(await urls({ ...declared, 'if-newer-than': 1 }, { 'snap-declaration': 5 })).toHaveLength(1);
      expect(await urls({ ...declared, 'if-newer-than': 2 }, { 'snap-declaration': 5 })).toEqual([]);
      expect(await urls({ ...declared, 'if-newer-than': 0 })).toEqual([]);
    });

    it.each([
      [{ sequence: 3 }, '/3?'],
      [{ sequence: 3, 'if-newer-than': 1 }, '/3?'],
      [{ sequence: 3, 'if-newer-than': 2 }, null],
      [{}, '/20?'],
      [{ 'if-sequence-equal-or-newer-than': 3, 'if-newer-than': 2 }, '/20?'],
      [{ 'if-sequence-equal-or-newer-than': 20 }, '/20?'],
      [{ 'if-sequence-equal-or-newer-than': 20, 'if-newer-than': 0 }, null],
      [{ 'if-sequence-equal-or-newer-than': 21, 'if-newer-than': 0 }, null],
    ])('of a sequence with %j are %s', async (rule, found) => {
      const given = (await urls({ ...lab(), ...rule })) as string[];
      expect(given).toHaveLength(found === null ? 0 : 1);
      if (found !== null) expect(given[0]).toContain(found);
    });

    it('that are not held are an error of their group alone', async () => {
      const missing = { type: 'snap-declaration', 'primary-key': ['16', testSnapId('nothing')] };
      const groups = await fetchAll({
        AAA: [declared, missing],
        AQA: [{ type: 'validation-set', 'sequence-key': ['16', account, 'none'] }],
        AAAB: [declared],
      });
      expect(groups.AAA).toMatchObject({
        'assertion-stream-urls': [],
        'error-list': [{ code: 'not-found', ...missing }],
      });
      expect(groups.AQA).toMatchObject({ 'error-list': [{ code: 'not-found', type: 'validation-set' }] });
      expect(groups.AAAB!['error-list']).toBeUndefined();
    });

    it('that are not held, but the device has, are no news and no error: its other snaps go on', async () => {
      const elsewhere = { type: 'snap-declaration', 'primary-key': ['16', testSnapId('nothing')], 'if-newer-than': 3 };
      const set = {
        type: 'validation-set',
        'sequence-key': ['16', account, 'none'],
        'if-sequence-equal-or-newer-than': 1,
      };
      const groups = await fetchAll({ AAA: [elsewhere], AQA: [set] });
      for (const group of [groups.AAA!, groups.AQA!]) {
        expect([group['assertion-stream-urls'], group['error-list']]).toEqual([[], undefined]);
      }
    });

    it('may be of types that are not known, or have keys that are none', async () => {
      const groups = await fetchAll({
        AAA: [{ type: 'a-type-of-tomorrow', 'primary-key': ['x'] }],
        AQA: [{ type: 'account', 'primary-key': ['x', 'y'] }],
        AgA: [{ type: 'account', 'primary-key': ['a\0b'] }],
        AwA: [{ type: 'account', 'sequence-key': ['x'] }],
      });
      for (const group of Object.values(groups)) expect(group['error-list']).toHaveLength(1);
    });
  });
});
