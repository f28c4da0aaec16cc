import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';

import { BUNDLE_LIMITS, type BundleMedia, type BundleMediaUse } from '../../../formats/bundle/index.js';
import { iconMediaType } from '../../../formats/snap-file/index.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import { messageOf } from '../../../kernel/store-error.js';
import type { OnlineStore, StoreMedia } from '../../upstream/index.js';
import type { DownloadCache } from '../download/download-cache.js';
import { inParallel } from '../in-parallel.js';
import type { PlannedSnap } from '../plan/fetch-plan.js';

/** A store may put another picture under the same URL, but not every hour. */
const FRESH_MS = 24 * 60 * 60 * 1000;
/** What a bundle takes of one snap. */
const MAX_OF_A_SNAP = 100;
/** All pictures of one run are in memory until it ends. */
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
const AT_A_TIME = 4;
const PATIENCE_MS = 60_000;

export interface Picture extends BundleMedia {
  readonly bytes: Buffer;
}

interface PicturesOptions {
  readonly store: OnlineStore;
  readonly cache: DownloadCache;
  readonly signal: AbortSignal;
}

/** The pictures of snaps: an extra, which no bundle waits for. One that cannot be had is a note and not an error. */
export class Pictures {
  private readonly byUrl = new Map<string, Picture>();
  private readonly problems = new Map<string, string>();
  private totalBytes = 0;

  constructor(private readonly options: PicturesOptions) {}

  async fetch(snaps: readonly PlannedSnap[]): Promise<void> {
    const urls = new Set(snaps.flatMap((snap) => mediaOf(snap).map(({ url }) => url)));
    await inParallel([...urls], AT_A_TIME, async (url) => {
      try {
        this.byUrl.set(url, await this.fetchOne(url));
      } catch (error) {
        this.options.signal.throwIfAborted();
        this.problems.set(url, messageOf(error));
      }
    });
  }

  /** How a snap uses those that could be had, and what to say about the others. */
  of(snap: PlannedSnap): { uses: BundleMediaUse[]; pictures: Picture[]; notes: string[] } {
    const uses: BundleMediaUse[] = [];
    const pictures: Picture[] = [];
    const notes: string[] = [];
    for (const { type, url, width, height } of mediaOf(snap)) {
      const picture = this.byUrl.get(url);
      if (picture === undefined) {
        notes.push(`${snap.name}: its ${type} is left out: ${this.problems.get(url) ?? 'it was not fetched'}`);
        continue;
      }
      pictures.push(picture);
      uses.push({ type, digest: picture.digest, width, height });
    }
    const surplus = snap.details.media.length - MAX_OF_A_SNAP;
    if (surplus > 0)
      notes.push(`${snap.name}: ${surplus} of its pictures are left out: a bundle takes ${MAX_OF_A_SNAP}`);
    return { uses, pictures, notes };
  }

  private async fetchOne(url: string): Promise<Picture> {
    const kept = await this.kept(url);
    const bytes = kept ?? (await this.download(url));
    const contentType = iconMediaType(bytes);
    if (contentType === null) throw new Error(`what lies at ${url} is no picture`);
    if (kept === null) await this.keep(url, bytes);
    this.totalBytes += bytes.length;
    if (this.totalBytes > MAX_TOTAL_BYTES) throw new Error(`pictures come to more than ${MAX_TOTAL_BYTES} bytes`);
    const digest = Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest());
    return { digest, size: bytes.length, contentType, bytes };
  }

  private async kept(url: string): Promise<Buffer | null> {
    const path = this.options.cache.picture(url);
    try {
      const { mtimeMs, size } = await stat(path);
      const isFresh = Date.now() - mtimeMs < FRESH_MS && size > 0 && size <= BUNDLE_LIMITS.mediaBytes;
      return isFresh ? await readFile(path) : null;
    } catch {
      return null;
    }
  }

  private async download(url: string): Promise<Buffer> {
    const { store, signal } = this.options;
    const first = await store.download(url, 0, { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) });
    const most = BUNDLE_LIMITS.mediaBytes;
    if (first.size !== null && first.size > most)
      throw new Error(`${url} has ${first.size} bytes; ${most} are the limit`);
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const piece of first.bytes) {
      sizeBytes += piece.length;
      if (sizeBytes > most) throw new Error(`${url} has more than ${most} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  private async keep(url: string, bytes: Buffer): Promise<void> {
    const path = this.options.cache.picture(url);
    await writeFile(`${path}.part`, bytes, { mode: 0o600 });
    await rename(`${path}.part`, path);
  }
}

function mediaOf({ details }: PlannedSnap): readonly StoreMedia[] {
  return details.media.slice(0, MAX_OF_A_SNAP);
}
