import { createHash } from 'node:crypto';

import {
  BundleDamagedError,
  BundleIncompleteError,
  BundleMemberRefusedError,
  BundleTooLargeError,
} from '../bundle/index.js';
import { gunzipped } from '../bundle/gunzip.js';
import { TarReader } from '../bundle/tar.js';
import { MAX_REGISTRATION_BUNDLE_BYTES, REGISTRATION_BUNDLE_FILE } from './registration-bundle.js';

const STORE_ASSERTION_FILE = 'proxy.assert';
const SUMS_FILE = 'SHA256SUMS';
const SUMS_DIGEST_FILE = 'SHA256SUMS.sha256';
const KEPT: ReadonlyMap<string, number> = new Map([
  [REGISTRATION_BUNDLE_FILE, MAX_REGISTRATION_BUNDLE_BYTES],
  [STORE_ASSERTION_FILE, MAX_REGISTRATION_BUNDLE_BYTES],
  [SUMS_FILE, 16 * 1024 * 1024],
  [SUMS_DIGEST_FILE, 1024],
]);
const MAX_ENTRIES = 100_000;
/** Runtime, snaps and all; a bomb of zeros ends here. */
const MAX_UNPACKED_BYTES = 8 * 1024 ** 3;

/** The two files of an `offline-snap-store.tar.gz` that say who the store is. */
export interface RegistrationFiles {
  readonly bundle: Buffer;
  /** `proxy.assert`; null where there is none. */
  readonly storeAssertion: Buffer | null;
}

/**
 * Reads the registration out of an `offline-snap-store.tar.gz`: ours, of which every file is held against its digest, or
 * Canonical's, which has none. Nothing is unpacked; memory is bounded.
 * @param file named in errors
 * @throws BundleDamagedError, BundleIncompleteError, BundleMemberRefusedError, BundleTooLargeError naming the member; the
 * signal's reason when aborted
 */
export async function readRegistrationTarball(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  signal?: AbortSignal,
): Promise<RegistrationFiles> {
  const tar: TarReader = new TarReader(
    gunzipped(bytes, () => tar.place),
    { file, policy: 'tolerant', allowance: MAX_UNPACKED_BYTES, signal },
  );
  const kept = new Map<string, Buffer>();
  const digests = new Map<string, string>();
  try {
    let entries = 0;
    for (let entry = await tar.next(); entry !== null; entry = await tar.next()) {
      const place = { file, member: entry.path };
      if (++entries > MAX_ENTRIES) throw new BundleTooLargeError(place, `comes after ${MAX_ENTRIES} others`);
      if (entry.isFolder) continue;
      const path = belowTop(entry.path);
      if (digests.has(path)) throw new BundleMemberRefusedError(place, 'is there twice');
      const limit = KEPT.get(path);
      if (limit !== undefined && entry.size > limit) {
        throw new BundleTooLargeError(place, `is larger than ${limit} bytes`);
      }
      const { digest, content } = await taken(entry.content, limit !== undefined);
      digests.set(path, digest);
      if (content !== null) kept.set(path, content);
    }
  } finally {
    tar.close();
  }
  checkSums(kept, digests, file);
  const bundle = kept.get(REGISTRATION_BUNDLE_FILE);
  if (bundle === undefined) {
    throw new BundleIncompleteError({ file, member: REGISTRATION_BUNDLE_FILE }, 'is not in it');
  }
  return { bundle, storeAssertion: kept.get(STORE_ASSERTION_FILE) ?? null };
}

/** Everything lies in one folder, whatever its name. */
function belowTop(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

async function taken(
  content: AsyncIterable<Uint8Array>,
  isKept: boolean,
): Promise<{ readonly digest: string; readonly content: Buffer | null }> {
  const hash = createHash('sha256');
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) {
    hash.update(chunk);
    if (isKept) chunks.push(chunk);
  }
  return { digest: hash.digest('hex'), content: isKept ? Buffer.concat(chunks) : null };
}

/** As install.sh does; a file that lists no sums is not of ours. */
function checkSums(kept: ReadonlyMap<string, Buffer>, digests: ReadonlyMap<string, string>, file: string): void {
  const sums = kept.get(SUMS_FILE);
  const sumsDigest = kept.get(SUMS_DIGEST_FILE);
  if (sums === undefined && sumsDigest === undefined) return;
  const damaged = (member: string, reason: string): BundleDamagedError =>
    new BundleDamagedError({ file, member }, reason);
  if (sums === undefined || sumsDigest === undefined) {
    const member = sums === undefined ? SUMS_FILE : SUMS_DIGEST_FILE;
    throw new BundleIncompleteError({ file, member }, 'is missing');
  }
  if (sumsDigest.toString('latin1') !== `${digests.get(SUMS_FILE) ?? ''}  ${SUMS_FILE}\n`) {
    throw damaged(SUMS_FILE, `is not what ${SUMS_DIGEST_FILE} says`);
  }
  const listed = new Set([SUMS_FILE, SUMS_DIGEST_FILE]);
  for (const line of sums.toString('latin1').split('\n').slice(0, -1)) {
    const [, digest = '', path = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    const found = digests.get(path);
    if (found === undefined)
      throw new BundleIncompleteError({ file, member: path }, `is in ${SUMS_FILE}, and not there`);
    if (found !== digest) throw damaged(path, 'has another SHA-256 digest than listed: the file is damaged');
    listed.add(path);
  }
  for (const path of digests.keys()) {
    if (!listed.has(path)) throw new BundleMemberRefusedError({ file, member: path }, `is not listed in ${SUMS_FILE}`);
  }
}
