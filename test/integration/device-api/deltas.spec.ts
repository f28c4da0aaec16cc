import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BlobIntakes } from '../../../src/modules/blobs/index.js';
import { CATALOG_TOPIC } from '../../../src/modules/catalog/index.js';
import { ChangeFeed } from '../../../src/platform/database/change-feed.js';
import { sha3 } from '../../support/bundles.js';
import { RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';

type Json = Record<string, unknown>;

const jqId = testSnapId('jq');
const MADE = Buffer.from('\xd6\xc3\xc4\0what makes 7 of 5', 'latin1');
const OTHER = Buffer.from('\xd6\xc3\xc4\0what makes 7 of 6', 'latin1');

/** As one that was made elsewhere: devices are told of it, whatever its bytes are. */
async function put(store: RunningStore, source: number, target: number, bytes: Buffer): Promise<void> {
  const { context } = store.operator;
  const sql = `INSERT INTO snap_store.snap_delta (snap_id, source_revision, target_revision, state, sha3_384, size_bytes)
               VALUES ('${jqId}', ${source}, ${target}, 'made', '${sha3(bytes).hex}', ${bytes.length})`;
  await context.get(BlobIntakes).with(randomUUID(), async (intake) => {
    await intake.receive('a delta', Readable.from([bytes]));
    await intake.publish(() => Promise.resolve());
  });
  await store.operator.query(sql);
  await context.get(ChangeFeed).announce(CATALOG_TOPIC, [jqId]);
}

describe.each(WAYS)('deltas, by the %s', (way) => {
  let store: RunningStore;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    const jq = { name: 'jq', snapId: jqId };
    for (const revision of [5, 6, 7]) await store.push(store.authority.snap({ ...jq, revision }));
    await put(store, 5, 7, MADE);
    await put(store, 6, 7, OTHER);
  });

  afterAll(() => store.close());

  const path = `/api/v1/snaps/download/${jqId}_5_7_xdelta3.delta`;
  const expected = {
    url: `{store}${path}`,
    format: 'xdelta3',
    source: 5,
    target: 7,
    size: MADE.length,
    'sha3-384': sha3(MADE).hex,
  };

  const ask = async (revision: number, accept: string | null, action: Json = {}, context: Json = {}): Promise<Json> => {
    const reply = await store.ask('/v2/snaps/refresh', {
      method: 'POST',
      headers: {
        'snap-device-architecture': 'amd64',
        'content-type': 'application/json',
        ...(accept === null ? {} : { 'snap-accept-delta-format': accept }),
      },
      body: JSON.stringify({
        context: [
          {
            'snap-id': jqId,
            'instance-key': jqId,
            revision,
            'tracking-channel': 'latest/stable',
            epoch: { read: [0], write: [0] },
            ...context,
          },
        ],
        actions: [{ action: 'refresh', 'instance-key': jqId, 'snap-id': jqId, ...action }],
      }),
    });
    expect(reply.status).toBe(200);
    return (reply.json() as { results: { snap: Json }[] }).results[0]!.snap;
  };
  const offered = async (...asked: Parameters<typeof ask>): Promise<unknown> =>
    ((await ask(...asked)).download as Json).deltas;
  const atStore = () => [{ ...expected, url: `${store.url}${path}` }];

  it('are offered to who takes them and has the revision that they begin with, one at most', async () => {
    // Cold, warm, and with an answer for others in between.
    expect(await offered(5, 'xdelta3')).toEqual(atStore());
    expect(await offered(5, null)).toEqual([]);
    expect(await offered(5, 'xdelta3')).toEqual(atStore());
    expect(await offered(5, 'snap-1-1-xdelta3,xdelta3')).toEqual(atStore());
    expect(await offered(6, 'xdelta3')).toMatchObject([{ source: 6, target: 7, size: OTHER.length }]);
    const [withDelta, without] = [await ask(5, 'xdelta3'), await ask(5, null)];
    expect(withDelta).toEqual({ ...without, download: { ...(without.download as Json), deltas: atStore() } });
  });

  it.each<[string, number, string | null, Json]>([
    ['takes none', 5, null, {}],
    ['takes another format', 5, 'snap-1-1-xdelta3', {}],
    ['has a revision that none begins with', 4, 'xdelta3', {}],
    ['has what is offered', 7, 'xdelta3', {}],
    ['wants a revision that none leads to', 5, 'xdelta3', { revision: 6 }],
    ['does not refresh', 5, 'xdelta3', { action: 'download', name: 'jq' }],
  ])('are not offered to a device that %s', async (_what, revision, accept, action) => {
    expect(await offered(revision, accept, action)).toEqual([]);
  });

  it('are offered for a revision that is asked for, and to parallel instances', async () => {
    expect(await offered(5, 'xdelta3', { revision: 7 })).toEqual(atStore());
    const instance = { 'instance-key': `${jqId}:abc` };
    expect(await offered(5, 'xdelta3', instance, instance)).toEqual(atStore());
  });

  it('are sent as files are: whole, in part, by their digest', async () => {
    const whole = await store.ask(path, { headers: { 'accept-encoding': 'gzip' } });
    expect([whole.status, whole.body.equals(MADE)]).toEqual([200, true]);
    expect(whole.headers).toMatchObject({
      'content-length': String(MADE.length),
      'content-type': 'application/octet-stream',
      etag: `"${sha3(MADE).hex}"`,
    });
    expect(whole.headers['content-encoding']).toBeUndefined();
    const head = await store.ask(path, { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(MADE.length), 0]);
    const part = await store.ask(path, { headers: { range: 'bytes=4-' } });
    expect([part.status, part.body.equals(MADE.subarray(4))]).toEqual([206, true]);
  });

  it.each(['5_6_xdelta3.delta', '7_5_xdelta3.delta', '5_7_bsdiff.delta', '5_7.delta', '5_07_xdelta3.delta'])(
    'there is none %s',
    async (file) => {
      const { status, json } = await store.ask(`/api/v1/snaps/download/${jqId}_${file}`);
      expect(status).toBe(404);
      expect(json()).toMatchObject({ 'error-list': [{ code: 'resource-not-found' }] });
    },
  );
});
