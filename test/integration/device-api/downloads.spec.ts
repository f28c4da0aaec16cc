import { appendFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RunningStore, WAYS } from '../../support/running-store.js';
import { type SignedSnap, testSnapId } from '../../support/test-authority.js';

const SIZE = 5 * 1024 * 1024 + 4096;

describe.each(WAYS)('downloads, by the %s', (way) => {
  let store: RunningStore;
  let big: SignedSnap;
  let etag: string;
  const path = `/api/v1/snaps/download/${testSnapId('big')}_1.snap`;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    big = store.authority.snap({ name: 'big', snapId: testSnapId('big'), revision: 1, sizeBytes: SIZE });
    await store.push(big);
    etag = String((await store.ask(path, { method: 'HEAD' })).headers.etag);
  });

  afterAll(() => store.close());

  const get = (headers: Record<string, string> = {}) => store.ask(path, { headers });
  const blobPath = (signed: SignedSnap): string => {
    const hex = Buffer.from(signed.assertions[2]!.primaryKey[0]!, 'base64url').toString('hex');
    return join(store.operator.dataDir, 'blobs', hex.slice(0, 2), hex);
  };

  it('are the file, whole, as it is and never compressed (T9)', async () => {
    const { status, headers, body } = await get({ 'accept-encoding': 'gzip' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-length': String(big.content.length),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'snap-store-version': '69',
    });
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(body.equals(big.content)).toBe(true);
    expect(etag).toMatch(/^"[0-9a-f]{96}"$/);
  });

  it('are asked for without their bytes by HEAD', async () => {
    const { status, headers, body } = await store.ask(path, { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, String(big.content.length), 0]);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=1048570-2097160', 1_048_570, 2_097_161],
    ['bytes=5000000-', 5_000_000, undefined],
    ['bytes=-100', -100, undefined],
    ['bytes=-99999999', 0, undefined],
    ['bytes=10-99999999999', 10, undefined],
  ])('give the part %s', async (range, start, end) => {
    const { status, headers, body } = await get({ range });
    const part = big.content.subarray(start, end);
    expect([status, headers['content-length']]).toEqual([206, String(part.length)]);
    expect(body.equals(part)).toBe(true);
    const first = start < 0 ? big.content.length + start : start;
    expect(headers['content-range']).toBe(`bytes ${first}-${first + part.length - 1}/${big.content.length}`);
  });

  it.each([`bytes=${SIZE + 100_000}-`, 'bytes=-0'])('have no part %s', async (range) => {
    const { status, headers, body } = await get({ range });
    expect([status, headers['content-range'], body.length]).toEqual([416, `bytes */${big.content.length}`, 0]);
  });

  it.each(['bytes=0-1,5-9', 'bytes=9-5', 'pages=1-2', 'bytes=a-b', 'bytes=-', 'bytes=0-1, 2-3, 4-5'])(
    'are sent whole where the range is "%s"',
    async (range) => {
      const { status, body } = await get({ range });
      expect([status, body.length]).toEqual([200, big.content.length]);
    },
  );

  it('go on only where the file is still the same', async () => {
    expect((await get({ range: 'bytes=10-', 'if-range': etag })).status).toBe(206);
    for (const other of ['"other"', `W/${etag}`, 'Sun, 22 Nov 2026 00:00:00 GMT']) {
      expect((await get({ range: 'bytes=10-', 'if-range': other })).status).toBe(200);
    }
    expect((await get({ 'if-none-match': `"x", W/${etag}` })).status).toBe(304);
    expect((await get({ 'if-none-match': '"x"' })).status).toBe(200);
  });

  it.each([
    `${testSnapId('big')}_2.snap`,
    `${testSnapId('none')}_1.snap`,
    `${testSnapId('big')}_1`,
    `${testSnapId('big')}_0.snap`,
    `${testSnapId('big')}_1.snap/..`,
    '..%2f..%2fetc%2fpasswd',
    'x',
  ])('are refused for %s', async (file) => {
    const { status, headers } = await store.ask(`/api/v1/snaps/download/${file}`);
    expect([status, headers['content-type']]).toEqual([404, 'application/json']);
  });

  it('end when the client goes, and the store goes on', async () => {
    const lost = Array.from({ length: 20 }, async () => {
      const socket = connect(store.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await new Promise<void>((resolve) =>
        socket.once('data', () => {
          resolve();
        }),
      );
      socket.destroy();
    });
    await Promise.all(lost);
    expect((await get()).body.equals(big.content)).toBe(true);
  });

  it('are never of a file that was damaged or is gone', async () => {
    const snap = (name: string) => store.authority.snap({ name, snapId: testSnapId(name), revision: 1 });
    const cases = { appended: snap('appended'), changed: snap('changed'), gone: snap('gone') };
    for (const signed of Object.values(cases)) await store.push(signed);
    const fetched = async (name: string): Promise<number> =>
      (await store.ask(`/api/v1/snaps/download/${testSnapId(name)}_1.snap`)).status;
    for (const name of Object.keys(cases)) expect(await fetched(name)).toBe(200);
    await appendFile(blobPath(cases.appended), 'x');
    const forged = Buffer.from(cases.changed.content);
    forged.writeUInt8(forged.readUInt8(9000) ^ 1, 9000);
    await writeFile(blobPath(cases.changed), forged);
    await rm(blobPath(cases.gone));
    for (const name of Object.keys(cases)) expect([name, await fetched(name)]).toEqual([name, 404]);
    // Info still shows the snap; only its file is withheld.
    expect((await store.ask('/v2/snaps/info/changed')).status).toBe(200);
  });
});
