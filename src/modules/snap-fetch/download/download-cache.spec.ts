import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DownloadCache } from './download-cache.js';

describe(DownloadCache.name, () => {
  let folder: string;
  let cache: DownloadCache;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fetch-cache-'));
    cache = new DownloadCache(folder);
    await cache.prepare();
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('forgets what was used longest ago, and nothing that is not its own', async () => {
    const names = ['a', 'b', 'c'].map((letter) => letter.repeat(96));
    for (const [index, name] of names.entries()) {
      const path = join(folder, `${name}${index === 1 ? '.part' : ''}`);
      await writeFile(path, '');
      await truncate(path, 100);
      await utimes(path, 1000 + index, 1000 + index);
    }
    await writeFile(join(folder, 'unfinished.json'), '{}');
    expect(await cache.usage()).toEqual({ files: 3, sizeBytes: 300 });
    await cache.shrinkTo(250);
    expect((await readdir(folder)).sort()).toEqual([`${names[1]}.part`, names[2], 'media', 'unfinished.json']);
    expect(await cache.clear()).toEqual({ files: 2, sizeBytes: 200 });
    expect(await cache.usage()).toEqual({ files: 0, sizeBytes: 0 });
  });
});
