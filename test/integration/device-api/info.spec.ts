import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId, usualYaml } from '../../support/test-authority.js';

interface Info {
  readonly name: string;
  readonly 'snap-id': string;
  readonly snap: Record<string, unknown>;
  readonly 'channel-map': readonly {
    readonly channel: {
      readonly name: string;
      readonly track: string;
      readonly risk: string;
      readonly architecture: string;
    };
    readonly revision: number;
    readonly download: { readonly url: string; readonly size: number; readonly 'sha3-384': string };
  }[];
}

describe.each(WAYS)('GET v2/snaps/info, by the %s', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    const jq = { name: 'jq', snapId: testSnapId('jq') };
    for (const revision of [5, 6, 7]) await store.push(store.authority.snap({ ...jq, revision }), `${revision}.0/edge`);
    await store.releases.release('jq', 7, Channel.parse('beta'));
    await store.releases.release('jq', 6, Channel.parse('stable'));
    await store.releases.release('jq', 5, Channel.parse('edge/fix-1'));
    const yaml = usualYaml('arm', 1).replace('[amd64]', '[arm64]');
    await store.push(store.authority.snap({ name: 'arm', snapId: testSnapId('arm'), revision: 1, snapYaml: yaml }));
  });

  afterAll(() => store.close());

  it('puts the default track first, and in each the safest risk', async () => {
    const info = (await store.ask('/v2/snaps/info/jq?architecture=amd64')).json() as Info;
    expect(info['channel-map'].map(({ channel, revision }) => [channel.name, revision])).toEqual([
      ['stable', 6],
      ['beta', 7],
      ['5.0/edge', 5],
      ['6.0/edge', 6],
      ['7.0/edge', 7],
    ]);
  });

  it('has no two entries of one track and risk: branches are not shown (T12)', async () => {
    const info = (await store.ask('/v2/snaps/info/jq?architecture=amd64')).json() as Info;
    const places = info['channel-map'].map(({ channel }) => `${channel.track}/${channel.risk}`);
    expect(new Set(places).size).toBe(places.length);
    expect(places).not.toContain('latest/edge');
  });

  it('says name and snap-id inside snap as well, whatever fields are asked for (T4)', async () => {
    for (const query of ['', '?fields=channel-map', '?fields=download&architecture=amd64']) {
      const info = (await store.ask(`/v2/snaps/info/jq${query}`)).json() as Info;
      expect(info.snap).toMatchObject({ name: 'jq', 'snap-id': testSnapId('jq') });
      expect(info).toMatchObject({ name: 'jq', 'snap-id': testSnapId('jq') });
    }
  });

  it('names no price, not even of nothing (T13)', async () => {
    const info = (await store.ask('/v2/snaps/info/jq')).json() as Info;
    expect(info.snap.prices).toEqual({});
  });

  it('tells what snapd needs: publisher, words, and a file that is there', async () => {
    const info = (await store.ask('/v2/snaps/info/jq?architecture=amd64')).json() as Info;
    expect(info.snap).toMatchObject({
      title: 'jq',
      summary: 'jq',
      description: 'of the tests',
      private: false,
      publisher: { id: 'testpublisher', username: 'testpublisher', validation: 'unproven' },
    });
    expect(info['channel-map'][0]).toMatchObject({
      type: 'app',
      version: '6.0',
      confinement: 'strict',
      base: 'core22',
      architectures: ['amd64'],
      epoch: { read: [0], write: [0] },
    });
    const { url, size } = info['channel-map'][0]!.download;
    expect(url).toBe(`${store.url}/api/v1/snaps/download/${testSnapId('jq')}_6.snap`);
    const file = await store.ask(url.slice(store.url.length));
    expect([file.status, file.body.length]).toEqual([200, size]);
  });

  it('gives only the fields that are asked for', async () => {
    const info = (await store.ask('/v2/snaps/info/jq?architecture=amd64&fields=download,title')).json() as Info;
    expect(Object.keys(info.snap).sort()).toEqual(['name', 'snap-id', 'title']);
    expect(Object.keys(info['channel-map'][0]!).sort()).toEqual(['channel', 'download']);
  });

  it.each([
    ['/v2/snaps/info/arm?architecture=arm64', {}, 200],
    ['/v2/snaps/info/arm?architecture=amd64', {}, 404],
    ['/v2/snaps/info/arm', { 'snap-device-architecture': 'amd64' }, 404],
    ['/v2/snaps/info/arm', {}, 200],
    ['/v2/snaps/info/nothing', {}, 404],
    ['/v2/snaps/info/NotAName', {}, 404],
    ['/v2/snaps/info/jq%2f..%2f..', {}, 404],
    ['/v2/snaps/info/jq/more', {}, 404],
    [`/v2/snaps/info/jq?architecture=${'a'.repeat(2000)}`, {}, 404],
  ])('answers %s %j with %i', async (path, headers, status) => {
    const reply = await store.ask(path, { headers });
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toBe('application/json');
    if (status === 404) expect(reply.json()).toMatchObject({ 'error-list': [{ code: 'resource-not-found' }] });
  });

  it.runIf(way === 'lane')('answers what is no path of its own in the same form', async () => {
    for (const path of [
      '/v2/snaps/info/',
      '/v2/snaps/info/%ff%fe',
      '/v2/snaps/unheard-of',
      '/%ff',
      '/V2/snaps/info/jq',
    ]) {
      const { status, headers } = await store.ask(path);
      expect([path, status, headers['content-type']]).toEqual([path, 404, 'application/json']);
      expect(headers['snap-store-version']).toBe('69');
    }
  });

  it('is sent as it is, or compressed for whoever takes that', async () => {
    const plain = await store.ask('/v2/snaps/info/jq');
    const packed = await store.ask('/v2/snaps/info/jq', { headers: { 'accept-encoding': 'br, gzip;q=0.8' } });
    const refused = await store.ask('/v2/snaps/info/jq', { headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
    expect(refused.headers['content-encoding']).toBeUndefined();
    for (const { headers, body } of [plain, packed]) {
      expect(headers['content-length']).toBe(String(body.length));
      expect(headers.vary).toBe('Accept-Encoding');
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });

  it('answers HEAD with the same head and nothing else', async () => {
    const got = await store.ask('/v2/snaps/info/jq');
    const { status, headers, body } = await store.ask('/v2/snaps/info/jq', { method: 'HEAD' });
    expect([status, body.length, headers['content-length']]).toEqual([200, 0, String(got.body.length)]);
  });

  it('shows at once what another process changes', async () => {
    const stable = async (): Promise<number | undefined> => {
      const info = (await store.ask('/v2/snaps/info/jq?architecture=amd64')).json() as Info;
      return info['channel-map'].find(({ channel }) => channel.name === 'stable')?.revision;
    };
    expect(await stable()).toBe(6);
    await store.releases.release('jq', 5, Channel.parse('stable'));
    await expect.poll(stable).toBe(5);
    await store.releases.close('jq', Channel.parse('stable'));
    await expect.poll(stable).toBe(undefined);
    await store.releases.release('jq', 6, Channel.parse('stable'));
    await expect.poll(stable).toBe(6);
  });

  it('hides a snap whose declaration is revoked', async () => {
    const gone = { name: 'gone', snapId: testSnapId('gone'), revision: 1 };
    await store.push(store.authority.snap(gone));
    expect((await store.ask('/v2/snaps/info/gone')).status).toBe(200);
    await store.revoke(gone.snapId);
    await expect.poll(async () => (await store.ask('/v2/snaps/info/gone')).status).toBe(404);
  });
});
