import { createHash } from 'node:crypto';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import type { Sha3_384 } from '../../../kernel/digest.js';
import { ensurePrivateFolder } from '../../../platform/config/private-folder.js';

const MEDIA = 'media';
const PART = '.part';
const OURS = /^[0-9a-f]{64,96}(?:\.part)?$/;

export interface CacheUsage {
  readonly files: number;
  readonly sizeBytes: number;
}

/**
 * What was downloaded before, by digest: `<sha3-384>` when it is whole, `<sha3-384>.part` as far as it has come. Names promise
 * nothing: who uses a file holds its content against its digest. Pictures, whose digests nobody knows beforehand, lie in
 * `media/` under the SHA-256 of their URLs.
 */
export class DownloadCache {
  constructor(private readonly folder: string) {}

  async prepare(): Promise<void> {
    await ensurePrivateFolder(join(this.folder, MEDIA));
  }

  whole(digest: Sha3_384): string {
    return join(this.folder, digest.hex);
  }

  part(digest: Sha3_384): string {
    return join(this.folder, `${digest.hex}${PART}`);
  }

  picture(url: string): string {
    return join(this.folder, MEDIA, createHash('sha256').update(url).digest('hex'));
  }

  /** A part that turned out to be all of it. */
  async keep(digest: Sha3_384): Promise<void> {
    await rename(this.part(digest), this.whole(digest));
  }

  /** Counts as used now. */
  async touch(path: string): Promise<void> {
    const now = new Date();
    await utimes(path, now, now);
  }

  async usage(): Promise<CacheUsage> {
    const entries = await this.entries();
    return { files: entries.length, sizeBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  }

  /** Removes what was not used for longest, until no more than so many bytes are left. */
  async shrinkTo(maxBytes: number): Promise<void> {
    const oldestFirst = (await this.entries()).sort((one, other) => one.usedAtMs - other.usedAtMs);
    let sizeBytes = oldestFirst.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    for (const entry of oldestFirst) {
      if (sizeBytes <= maxBytes) return;
      await rm(entry.path, { force: true });
      sizeBytes -= entry.sizeBytes;
    }
  }

  /** @returns what is gone */
  async clear(): Promise<CacheUsage> {
    const usage = await this.usage();
    await this.shrinkTo(-1);
    return usage;
  }

  private async entries(): Promise<{ path: string; sizeBytes: number; usedAtMs: number }[]> {
    const found = [];
    for (const folder of [this.folder, join(this.folder, MEDIA)]) {
      for (const entry of await namesIn(folder)) {
        if (!OURS.test(entry)) continue;
        const path = join(folder, entry);
        const { size, mtimeMs } = await stat(path);
        found.push({ path, sizeBytes: size, usedAtMs: mtimeMs });
      }
    }
    return found;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
