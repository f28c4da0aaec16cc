import { BundleMemberRefusedError, BundleTooLargeError, NotABundleError } from './errors.js';
import { gunzipped, isGzip } from './gunzip.js';
import { BUNDLE_LIMITS } from './limits.js';
import { MANIFEST_PATH } from './members.js';
import { readable, type ReadBundleOptions } from './reader.js';
import { collect, peeked } from './streams.js';
import { TarReader, type TarEntry } from './tar.js';

/** What a tarball of unknown layout yields, in the order in which it lies there: assertions may come after their snap. */
export type LoosePart =
  | { readonly kind: 'assertions'; readonly path: string; readonly bytes: Buffer }
  | {
      readonly kind: 'snap';
      readonly path: string;
      readonly size: number;
      /** Exactly `size` bytes; read once, before the next part is asked for. */
      readonly content: AsyncIterable<Uint8Array>;
    }
  | { readonly kind: 'ignored'; readonly path: string };

/** Packed bytes may swell this much whatever the ratio: small files of zeros are no bomb. */
const FREE_BYTES = 64 * 1024 * 1024;

/**
 * Reads the `.snap` and `.assert` files out of a tarball that is not a bundle of ours. Names and folders mean nothing: what
 * belongs together is told by the assertions. Other files are named and passed over; a channel map among them is not read.
 * @throws BundleError of the fitting kind, also when there is no snap at all; the signal's reason when aborted
 */
export async function* readLooseTar(
  bytes: AsyncIterable<Uint8Array>,
  options: Omit<ReadBundleOptions, 'blobsCheckedBy'>,
): AsyncGenerator<LoosePart, void> {
  const { file, limits = BUNDLE_LIMITS, signal } = options;
  let packed = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of readable(bytes, options)) {
      packed += chunk.length;
      yield chunk;
    }
  }
  async function* rationed(unpacked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let swollen = -FREE_BYTES;
    for await (const chunk of unpacked) {
      swollen += chunk.length;
      if (swollen > packed * limits.looseRatio) {
        throw new BundleTooLargeError(tar.place, `unpacks to more than ${limits.looseRatio} times its size`);
      }
      yield chunk;
    }
  }
  const { start, all } = await peeked(counted(), 3);
  const tar: TarReader = new TarReader(isGzip(start) ? rationed(gunzipped(all, () => tar.place)) : all, {
    file,
    policy: 'tolerant',
    allowance: limits.totalBytes,
    signal,
  });
  try {
    yield* looseParts(tar, options);
  } finally {
    tar.close();
  }
}

async function* looseParts(tar: TarReader, options: ReadBundleOptions): AsyncGenerator<LoosePart, void> {
  const { file, limits = BUNDLE_LIMITS } = options;
  const seen = new Set<string>();
  let [entries, snaps] = [0, 0];
  for (let entry = await tar.next(); entry !== null; entry = await tar.next()) {
    const place = { file, member: entry.path };
    if (++entries > limits.looseEntries) {
      throw new BundleTooLargeError(
        place,
        `comes after ${limits.looseEntries} others, which is as many as there may be`,
      );
    }
    if (entry.isFolder) continue;
    if (seen.has(entry.path)) throw new BundleMemberRefusedError(place, 'is there twice');
    seen.add(entry.path);
    if (entry.path === MANIFEST_PATH || entry.path.endsWith(`/${MANIFEST_PATH}`)) {
      const reason =
        'is that of a snap bundle whose members are out of order: push the bundle as it was written, or unpacked';
      throw new BundleMemberRefusedError(place, reason);
    }
    const limit = entry.path.endsWith('.assert') ? limits.assertionFileBytes : limits.snapBytes;
    if (entry.size > limit) throw new BundleTooLargeError(place, `is larger than ${limit} bytes`);
    if (entry.path.endsWith('.snap')) snaps++;
    yield await partOf(entry);
  }
  if (snaps === 0)
    throw new NotABundleError({ file, member: null }, 'is neither a snap bundle nor a tarball with .snap files');
}

async function partOf({ path, size, content }: TarEntry): Promise<LoosePart> {
  if (path.endsWith('.assert')) return { kind: 'assertions', path, bytes: await collect(content) };
  if (path.endsWith('.snap')) return { kind: 'snap', path, size, content };
  return { kind: 'ignored', path };
}
