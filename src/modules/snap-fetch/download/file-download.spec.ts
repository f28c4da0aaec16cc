import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { sha3 } from '../../../../test/support/bundles.js';
import { FakeOnlineStore } from '../../../../test/support/fake-online-store.js';
import { HashWorkers } from '../../../platform/hashing/hash-workers.js';
import { FetchRefusedError } from '../fetch.errors.js';
import { DownloadCache } from './download-cache.js';
import { FetchMeter } from './fetch-meter.js';
import { FileDownload } from './file-download.js';
import { TRANSFER_LIMITS } from './transfer.js';

const URL_OF_JQ = 'https://store.test/jq.snap';
const right = Buffer.alloc(20_000, 'right');
const workers = new HashWorkers();
let folder: string;
let store: FakeOnlineStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-download-'));
  store = new FakeOnlineStore();
});
afterEach(() => rm(folder, { recursive: true }));
afterAll(() => workers.beforeApplicationShutdown());

async function downloadOf(sent: Buffer): Promise<FileDownload> {
  store.files.set(URL_OF_JQ, sent);
  const cache = new DownloadCache(folder);
  await cache.prepare();
  const { signal } = new AbortController();
  const wanted = { name: 'jq_6.snap', url: URL_OF_JQ, sizeBytes: right.length, digest: sha3(right) };
  const meter = new FetchMeter(() => undefined);
  return new FileDownload(wanted, { cache, store, workers, meter, signal, limits: TRANSFER_LIMITS });
}

async function contentOf(download: FileDownload): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of download.read()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

describe(FileDownload.name, () => {
  it('is read while it comes and after it came', async () => {
    const download = await downloadOf(right);
    const [early] = await Promise.all([contentOf(download), download.run()]);
    expect(early.equals(right)).toBe(true);
    expect((await contentOf(download)).equals(right)).toBe(true);
  });

  it('says to whoever reads it that it was the wrong file, however late that is', async () => {
    const download = await downloadOf(Buffer.alloc(20_000, 'wrong'));
    const [early] = await Promise.allSettled([contentOf(download), download.run()]);
    expect(early).toMatchObject({ status: 'rejected', reason: expect.any(FetchRefusedError) as unknown });
    await expect(contentOf(download)).rejects.toThrow(FetchRefusedError);
  });
});
