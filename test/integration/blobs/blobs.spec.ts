import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readdir, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  BlobIntakes,
  BlobReader,
  BlobRepository,
  BlobStorage,
  Collector,
  Scrubber,
} from '../../../src/modules/blobs/index.js';
import { HashWorkers } from '../../../src/platform/hashing/hash-workers.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { inChunks, sha3 } from '../../support/bundles.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

const authority = TestAuthority.create();
const MIB = 1024 * 1024;
let database: TestDatabase;
let store: TestStore;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  store = await openTestStore({ uri: database.uri, authority });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store.query('TRUNCATE snap_store.blob');
  await store.close();
});

async function put(content: Buffer, there = store): Promise<string> {
  await there.context.get(BlobIntakes).with(randomUUID(), async (intake) => {
    await intake.receive('a test', inChunks(content));
    await intake.publish(() => Promise.resolve());
  });
  return sha3(content).hex;
}

function fileOf(digest: string): string {
  return join(store.dataDir, 'blobs', digest.slice(0, 2), digest);
}

async function read(digest: string, range: { start?: number; end?: number } = {}): Promise<Buffer | null> {
  const blob = await store.context.get(BlobReader).find(digest);
  if (blob === null) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of blob.createReadStream(range)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function state(digest: string): Promise<string | undefined> {
  return (await store.context.get(BlobRepository).find(digest))?.state;
}

describe(BlobReader.name, () => {
  const content = Buffer.alloc(3 * MIB + 7, 'a blob that is larger than one read');

  it('reads all of a blob, and any part of it', async () => {
    const digest = await put(content);
    expect((await read(digest))?.equals(content)).toBe(true);
    expect((await read(digest, { start: MIB - 1, end: MIB }))?.equals(content.subarray(MIB - 1, MIB + 1))).toBe(true);
    expect((await read(digest, { start: content.length - 1 }))?.length).toBe(1);
    expect((await store.context.get(BlobReader).find(digest))?.sizeBytes).toBe(content.length);
  });

  it('knows nothing of what is not held', async () => {
    expect(await read('0'.repeat(96))).toBeNull();
  });

  it('does not read a file again that looks as it did', async () => {
    const digest = await put(content);
    const hash = vi.spyOn(store.context.get(HashWorkers), 'hash');
    await read(digest);
    await read(digest);
    expect(hash).not.toHaveBeenCalled();
  });

  it.each(['in place', 'by another of the same size', 'and its time set back', 'and made longer', 'and cut'])(
    'never gives a byte of a file that was changed %s, and marks it',
    async (how) => {
      const digest = await put(content);
      await read(digest);
      const before = await stat(fileOf(digest));
      const changed = Buffer.from(content).fill('X', 100, 104);
      if (how === 'and made longer') await appendFile(fileOf(digest), 'X');
      else if (how === 'and cut') await writeFile(fileOf(digest), content.subarray(0, 100));
      else if (how === 'by another of the same size') {
        await writeFile(`${fileOf(digest)}.new`, changed);
        await rename(`${fileOf(digest)}.new`, fileOf(digest));
      } else await writeFile(fileOf(digest), changed);
      if (how === 'and its time set back') await utimes(fileOf(digest), before.atime, before.mtime);
      expect(await read(digest)).toBeNull();
      expect(await state(digest)).toBe('damaged');
      expect(await read(digest)).toBeNull();
    },
  );

  it('serves a file that was only touched, once it has read it again', async () => {
    const digest = await put(content);
    await utimes(fileOf(digest), new Date(), new Date());
    const hash = vi.spyOn(store.context.get(HashWorkers), 'hash');
    const reads = await Promise.all([read(digest), read(digest), read(digest)]);
    expect(reads.map((bytes) => bytes?.equals(content))).toEqual([true, true, true]);
    expect(hash).toHaveBeenCalledTimes(1);
  });

  it('does not serve what is missing, and serves it when it is back', async () => {
    const digest = await put(content);
    await rename(fileOf(digest), `${fileOf(digest)}.away`);
    expect(await read(digest)).toBeNull();
    await rename(`${fileOf(digest)}.away`, fileOf(digest));
    expect((await read(digest))?.equals(content)).toBe(true);
  });

  it('fails before the first byte where the file changed after it was found', async () => {
    const digest = await put(content);
    const blob = await store.context.get(BlobReader).find(digest);
    await writeFile(fileOf(digest), Buffer.alloc(content.length));
    const seen: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of blob!.createReadStream()) seen.push(chunk as Buffer);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'blob-changed' });
    expect(seen).toEqual([]);
  });

  it('learns from another process that a blob was damaged', async () => {
    const digest = await put(content);
    await read(digest);
    const other = await openTestStore({ uri: database.uri, authority, dataDir: store.dataDir });
    try {
      const { stamp } = (await store.context.get(BlobStorage).stat(digest))!;
      await other.context.get(BlobRepository).markVerified(digest, 'damaged', stamp);
      await vi.waitFor(async () => {
        expect((await read(digest)) === null).toBe(true);
      });
    } finally {
      await other.close();
    }
  });

  it('stops reading when its reader goes away', async () => {
    const digest = await put(Buffer.alloc(8 * MIB, 'x'));
    const blob = await store.context.get(BlobReader).find(digest);
    const stream = blob!.createReadStream();
    stream.once('data', () => stream.destroy());
    await new Promise((resolve) => stream.once('close', resolve));
    expect(await openFiles(digest)).toBe(0);
  });

  async function openFiles(digest: string): Promise<number> {
    const links = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    return links.filter((link) => link.includes(digest)).length;
  }
});

describe(Collector.name, () => {
  async function orphan(): Promise<string> {
    const digest = sha3(Buffer.from('orphan')).hex;
    await mkdir(dirname(fileOf(digest)), { recursive: true });
    await writeFile(fileOf(digest), 'orphan');
    return digest;
  }

  it('says what it would remove, removes that, and leaves what has a row', async () => {
    const held = await put(Buffer.from('held'));
    const digest = await orphan();
    const collector = store.context.get(Collector);
    const expected = { blobs: [{ sha3_384: digest, sizeBytes: 6 }], freedBytes: 6, stagings: [] };
    expect(await collector.collect({ dryRun: true })).toEqual({ dryRun: true, ...expected });
    expect(await store.blobFiles()).toHaveLength(2);
    expect(await collector.collect()).toEqual({ dryRun: false, ...expected });
    expect(await store.blobFiles()).toEqual([held]);
    expect(await collector.collect()).toEqual({ dryRun: false, blobs: [], freedBytes: 0, stagings: [] });
  });

  it('takes staging folders of dead imports and none of living ones', async () => {
    const dead = randomUUID();
    await mkdir(join(store.dataDir, 'blobs', 'staging', dead), { recursive: true });
    const other = await openTestStore({ uri: database.uri, authority, dataDir: store.dataDir });
    try {
      await store.context.get(BlobIntakes).with(randomUUID(), async (intake) => {
        await intake.receive('a test', inChunks(Buffer.from('living')));
        expect(await other.context.get(Collector).collect()).toMatchObject({ stagings: [dead] });
        await intake.publish(() => Promise.resolve());
      });
    } finally {
      await other.close();
    }
    expect(await store.blobFiles()).toEqual([sha3(Buffer.from('living')).hex]);
  });

  it('never takes a file that is about to get its row', async () => {
    const other = await openTestStore({ uri: database.uri, authority, dataDir: store.dataDir });
    try {
      let collecting: Promise<unknown> = Promise.resolve();
      await store.context.get(BlobIntakes).with(randomUUID(), async (intake) => {
        await intake.receive('a test', inChunks(Buffer.from('new')));
        await intake.publish(async () => {
          collecting = other.context.get(Collector).collect();
          await sleep(300);
        });
      });
      expect(await collecting).toMatchObject({ blobs: [] });
      expect(await read(sha3(Buffer.from('new')).hex)).toEqual(Buffer.from('new'));
    } finally {
      await other.close();
    }
  });

  it('removes rows and then their files, and neither where the removal fails', async () => {
    const [digest, kept] = [await put(Buffer.from('one')), await put(Buffer.from('two'))];
    const collector = store.context.get(Collector);
    await expect(collector.removing(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await store.blobFiles()).toHaveLength(2);
    expect(await collector.removing(() => Promise.resolve([digest]))).toBe(3);
    expect(await store.blobFiles()).toEqual([kept]);
    expect(await read(digest)).toBeNull();
  });
});

describe(Scrubber.name, () => {
  it('finds what is damaged, missing and orphaned, and what is whole again', async () => {
    const contents = ['sound', 'damaged', 'missing', 'recovered', 'orphaned'].map((text) => Buffer.from(text));
    for (const content of contents.slice(0, 4)) await put(content);
    const [sound, damaged, missing, recovered, orphaned] = contents.map((content) => sha3(content).hex);
    await writeFile(fileOf(damaged!), 'Damaged');
    await rm(fileOf(missing!));
    const { stamp } = (await store.context.get(BlobStorage).stat(recovered!))!;
    await store.context.get(BlobRepository).markVerified(recovered!, 'damaged', stamp);
    await mkdir(dirname(fileOf(orphaned!)), { recursive: true });
    await writeFile(fileOf(orphaned!), 'orphaned');

    const scrubber = store.context.get(Scrubber);
    const progress: number[] = [];
    const report = await scrubber.scrub({ onProgress: ({ checked }) => progress.push(checked) });
    expect(report).toEqual({
      checked: 4,
      checkedBytes: 5 + 7 + 7 + 9,
      damaged: [{ sha3_384: damaged, reason: expect.stringContaining('its content has the digest') as string }],
      missing: [missing],
      orphaned: [orphaned],
      recovered: [recovered],
    });
    expect(progress).toEqual([1, 2, 3, 4]);
    expect(await Promise.all([sound, damaged, recovered].map((each) => state(each!)))).toEqual([
      'sound',
      'damaged',
      'damaged',
    ]);
    await scrubber.scrub({ repair: true });
    expect(await state(recovered!)).toBe('sound');
    expect(await state(damaged!)).toBe('damaged');
    expect((await read(recovered!))?.toString()).toBe('recovered');
  });

  it('finds damage that leaves no trace in size and times, and stops at the signal', async () => {
    const digest = await put(Buffer.from('quiet'));
    const repository = store.context.get(BlobRepository);
    await writeFile(fileOf(digest), 'loud!');
    const { stamp } = (await store.context.get(BlobStorage).stat(digest))!;
    await repository.markVerified(digest, 'sound', stamp);
    expect(await read(digest)).not.toBeNull();
    const stopped = AbortSignal.abort(new Error('enough'));
    await expect(store.context.get(Scrubber).scrub({ signal: stopped })).rejects.toThrow('enough');
    expect((await store.context.get(Scrubber).scrub()).damaged).toHaveLength(1);
    expect(await read(digest)).toBeNull();
  });
});
