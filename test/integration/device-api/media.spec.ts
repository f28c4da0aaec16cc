import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { plainMetadata, sha3, testBundle } from '../../support/bundles.js';
import { png, svg } from '../../support/pictures.js';
import { RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId, usualYaml } from '../../support/test-authority.js';
import { tinySquashfs } from '../../support/tiny-squashfs.js';

interface Picture {
  readonly type: string;
  readonly url: string;
  readonly width: number | null;
  readonly height: number | null;
}

const jqId = testSnapId('jq');
const icon = png('icon');
const large = png('large', 300_001);
const screenshot = svg('<script>alert(1)</script>');

describe.each(WAYS)('pictures, by the %s', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    const jq = store.authority.snap({ name: 'jq', snapId: jqId, revision: 6 });
    await store.pushBundle(
      testBundle({
        snaps: [
          {
            name: 'jq',
            snapId: jqId,
            revisions: [{ revision: 6, content: jq.content, channels: ['latest/stable'] }],
            metadata: plainMetadata({
              title: 'jq "the" tool\n',
              media: [
                { type: 'icon', digest: sha3(large), width: 1024, height: 1024 },
                { type: 'icon', digest: sha3(icon), width: 64, height: 64 },
                { type: 'screenshot', digest: sha3(screenshot), width: null, height: null },
              ],
            }),
          },
        ],
        assertions: [{ name: 'jq', bytes: jq.stream }],
        media: [
          { bytes: icon, contentType: 'image/png' },
          { bytes: large, contentType: 'image/png' },
          { bytes: screenshot, contentType: 'image/svg+xml' },
        ],
      }),
    );
  });

  afterAll(() => store.close());

  const urlOf = (bytes: Buffer, extension = 'png'): string =>
    `${store.url}/api/v1/snaps/media/${jqId}/${sha3(bytes).hex}.${extension}`;
  const pathOf = (bytes: Buffer, extension?: string): string => urlOf(bytes, extension).slice(store.url.length);

  const refreshed = async (host?: string): Promise<Record<string, unknown> & { media: Picture[] }> => {
    const context = [{ 'snap-id': jqId, 'instance-key': jqId, revision: 5, epoch: { read: [0], write: [0] } }];
    const actions = [{ action: 'refresh', 'instance-key': jqId, 'snap-id': jqId }];
    const reply = await store.ask('/v2/snaps/refresh', {
      method: 'POST',
      headers: {
        'snap-device-architecture': 'amd64',
        'content-type': 'application/json',
        ...(host === undefined ? {} : { host }),
      },
      body: JSON.stringify({ context, actions }),
    });
    const { results } = reply.json() as { results: { snap: Record<string, unknown> & { media: Picture[] } }[] };
    return results[0]!.snap;
  };

  it('are named by info with URLs of this store (T14)', async () => {
    const { snap } = (await store.ask('/v2/snaps/info/jq')).json() as { snap: { media: Picture[] } };
    expect(snap.media).toEqual([
      { type: 'icon', url: urlOf(large), width: 1024, height: 1024 },
      { type: 'icon', url: urlOf(icon), width: 64, height: 64 },
      { type: 'screenshot', url: urlOf(screenshot, 'svg'), width: null, height: null },
    ]);
  });

  it('are named by refresh, but for icons that a device would not take', async () => {
    const [cold, warm] = [await refreshed(), await refreshed()];
    expect(cold.media).toEqual([
      { url: urlOf(icon), type: 'icon', width: 64, height: 64 },
      { url: urlOf(screenshot, 'svg'), type: 'screenshot', width: null, height: null },
    ]);
    expect(warm).toEqual(cold);
    expect(cold).toMatchObject({ name: 'jq', title: 'jq "the" tool\n', revision: 6, resources: [] });
    const elsewhere = await refreshed('localhost:1');
    expect(elsewhere.media[1]!.url).toBe(urlOf(screenshot, 'svg').replace(store.url, 'http://localhost:1'));
  });

  it('are sent as they are, with their length and never compressed (T9)', async () => {
    const { status, headers, body } = await store.ask(pathOf(icon), { headers: { 'accept-encoding': 'gzip' } });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(icon.length),
      'x-content-type-options': 'nosniff',
      etag: `"${sha3(icon).hex}"`,
    });
    expect(headers['content-encoding'] ?? headers['transfer-encoding']).toBeUndefined();
    expect(body.equals(icon)).toBe(true);
    const head = await store.ask(pathOf(icon), { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(icon.length), 0]);
  });

  it('are not sent again to whoever has them', async () => {
    const headers = { 'if-none-match': `"${sha3(icon).hex}"` };
    const { status, body } = await store.ask(pathOf(icon), { headers });
    expect([status, body.length]).toEqual([304, 0]);
    expect(headers['if-none-match'].length).toBeLessThan(256);
  });

  it('run no script, also where somebody opens one by itself', async () => {
    const { headers } = await store.ask(pathOf(screenshot, 'svg'));
    expect(headers['content-type']).toBe('image/svg+xml');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none';.*\bsandbox$/);
  });

  it.each([
    ['of another type', () => pathOf(icon, 'svg')],
    ['of another snap', () => pathOf(icon).replace(jqId, testSnapId('other'))],
    ['that is a snap', () => pathOf(icon).replace(sha3(icon).hex, 'a'.repeat(96))],
    ['with a path in it', () => '/api/v1/snaps/media/..%2f..%2fetc/passwd'],
    ['without a name', () => '/api/v1/snaps/media/x'],
  ])('there is none %s', async (_what, path) => {
    const { status, headers, json } = await store.ask(path());
    expect([status, headers['content-type']]).toEqual([404, 'application/json']);
    expect(json()).toMatchObject({ 'error-list': [{ code: 'resource-not-found' }] });
  });

  it('are those in a pushed pair where nobody brought others, each revision with its own', async () => {
    const snapId = testSnapId('plain');
    const icons = { 1: png('first'), 2: png('second') };
    const push = async (revision: 1 | 2): Promise<void> => {
      const files = { 'meta/snap.yaml': usualYaml('plain', revision), 'meta/gui/icon.png': icons[revision] };
      const content = tinySquashfs(files, { sizeBytes: 16_384 });
      await store.push(store.authority.snap({ name: 'plain', snapId, revision, content }));
    };
    const url = (revision: 1 | 2): string => `/api/v1/snaps/media/${snapId}/${sha3(icons[revision]).hex}.png`;
    const shown = async (): Promise<Picture[]> =>
      ((await store.ask('/v2/snaps/info/plain')).json() as { snap: { media: Picture[] } }).snap.media;
    const installed = async (revision?: number): Promise<Picture[]> => {
      const action = { action: 'install', 'instance-key': 'install-1', name: 'plain', revision };
      const reply = await store.ask('/v2/snaps/refresh', {
        method: 'POST',
        headers: { 'snap-device-architecture': 'amd64' },
        body: JSON.stringify({ context: [], actions: [action] }),
      });
      return (reply.json() as { results: { snap: { media: Picture[] } }[] }).results[0]!.snap.media;
    };
    const icon = (revision: 1 | 2): object => {
      return { type: 'icon', url: `${store.url}${url(revision)}`, width: null, height: null };
    };
    await push(1);
    expect(await shown()).toEqual([icon(1)]);
    await push(2);
    expect(await shown()).toEqual([icon(2)]);
    expect(await installed()).toEqual([icon(2)]);
    expect(await installed(1)).toEqual([icon(1)]);
    for (const revision of [1, 2] as const) {
      const { status, headers, body } = await store.ask(url(revision));
      expect([status, headers['content-type'], body.equals(icons[revision])]).toEqual([200, 'image/png', true]);
    }
  });

  it('are not sent where they are not what they were', async () => {
    const hex = sha3(screenshot).hex;
    const file = join(store.operator.dataDir, 'blobs', hex.slice(0, 2), hex);
    await appendFile(file, 'x');
    expect((await store.ask(pathOf(screenshot, 'svg'))).status).toBe(404);
    await writeFile(file, screenshot);
  });
});
