import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { LocalBlobStorage } from './local-blob-storage.js';

const DIGEST = `ab${'0'.repeat(94)}`;
let root: string;
let storage: LocalBlobStorage;

beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'storage-')), 'blobs');
  storage = new LocalBlobStorage(root);
});
afterEach(() => rm(join(root, '..'), { recursive: true, force: true }));

async function publish(content: string, digest = DIGEST): Promise<void> {
  const staged = await storage.stage('an-import', 'a file');
  await staged.write(Buffer.from(content));
  await staged.finish();
  await staged.publish(digest);
}

describe(LocalBlobStorage.name, () => {
  it('shows nothing under a digest before it is published', async () => {
    const staged = await storage.stage('an-import', 'a file');
    await staged.write(Buffer.from('some '));
    await staged.write(Buffer.from('bytes'));
    await staged.finish();
    expect(await storage.stat(DIGEST)).toBeNull();
    expect(await storage.stagingIds()).toEqual(['an-import']);
    const open = await staged.open();
    expect((await open.read(0, open.sizeBytes)).toString()).toBe('some bytes');
    await open.close();
    const published = await staged.publish(DIGEST);
    expect(await storage.stat(DIGEST)).toEqual(published);
    expect(await readFile(join(root, 'ab', DIGEST), 'utf8')).toBe('some bytes');
  });

  it('keeps files to the owner', async () => {
    await publish('secret');
    expect((await stat(join(root, 'ab', DIGEST))).mode & 0o777).toBe(0o600);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
  });

  it('replaces what was there at once, and who reads the old file reads it to its end', async () => {
    await publish('old content');
    const reader = await storage.open(DIGEST);
    const before = await storage.stat(DIGEST);
    await publish('new');
    expect((await reader?.read(0, 11))?.toString()).toBe('old content');
    await reader?.close();
    expect(await storage.stat(DIGEST)).toMatchObject({ sizeBytes: 3 });
    expect((await storage.stat(DIGEST))?.stamp).not.toBe(before?.stamp);
  });

  it('lists blobs and nothing else', async () => {
    await publish('content');
    await storage.stage('an-import', 'a file').then((staged) => staged.discard());
    await mkdir(join(root, 'cd'));
    await writeFile(join(root, 'cd', DIGEST), 'in the wrong folder');
    await writeFile(join(root, 'ab', 'README'), 'no blob');
    const found: string[] = [];
    for await (const digest of storage.list()) found.push(digest);
    expect(found).toEqual([DIGEST]);
  });

  it('throws away what is staged under an id, and nothing else', async () => {
    await (await storage.stage('one', 'a file')).finish();
    await (await storage.stage('two', 'a file')).finish();
    await storage.removeStaging('one');
    await storage.removeStaging('nobody');
    expect(await storage.stagingIds()).toEqual(['two']);
    expect(await readdir(join(root, 'staging', 'two'))).toHaveLength(1);
  });

  it.each(['../../etc/passwd', 'AB'.repeat(48), ''])('takes "%s" for no name of a blob', async (name) => {
    await expect(storage.stat(name)).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(storage.remove(name)).rejects.toMatchObject({ code: 'storage-failed' });
  });

  it('reads a range of a file, and fails where it ends early', async () => {
    await publish('0123456789');
    const file = await storage.open(DIGEST);
    const chunks: Buffer[] = [];
    for await (const chunk of file!.chunks({ start: 3, end: 5 })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('345');
    await expect(file!.read(5, 6)).rejects.toMatchObject({ code: 'storage-failed' });
    await file!.close();
    await storage.remove(DIGEST);
    expect(await storage.open(DIGEST)).toBeNull();
    await storage.remove(DIGEST);
  });

  it('says where a file cannot be stored, and why', async () => {
    await writeFile(root, 'a file in place of the folder');
    await expect(storage.stage('an-import', 'jq_6.snap')).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('jq_6.snap cannot be stored: ') as string,
    });
  });
});
