import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../../kernel/store-error.js';
import { BundleUnreadableError, NotABundleError, PairIncompleteError } from './errors.js';
import { hasCode, READ_BYTES } from './folder.js';
import { gunzipped, isGzip } from './gunzip.js';
import { MANIFEST_PATH } from './members.js';
import { parsePartName } from './parts/part-name.js';
import { findSplitBundle, isSameSet, splitBundleOf, type SplitBundle } from './parts/split-bundle.js';
import { firstBytes } from './streams.js';

/** Something that can be imported as one. Paths are as they were given, joined with what was found below them. */
export type ImportSource =
  /** A bundle of ours, packed: `readBundle`. */
  | { readonly kind: 'bundle'; readonly path: string }
  /** The folder into which a bundle of ours was unpacked: `readBundleFolder`. */
  | { readonly kind: 'bundle-folder'; readonly path: string }
  /** A bundle of ours that was split, as far as its parts are at hand: `readBundleSource`. */
  | SplitBundle
  /** A tarball in a layout that is not ours: `readLooseTar`. Its channel map, if it has one, is not read. */
  | { readonly kind: 'loose-tar'; readonly path: string }
  /** What `snap download` writes: the snap, and its assertions beside it. */
  | { readonly kind: 'pair'; readonly path: string; readonly assertionsPath: string };

/** What a FILE on the command line stands for: itself, or what a folder holds. */
export interface ImportPlan {
  /** Of a folder, in code-unit order of their paths; never empty. */
  readonly sources: readonly ImportSource[];
  /** What else lies in the folder, and why it is not imported. */
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Says what a FILE is, by looking at the start of it; a folder is listed, but not searched deeper than unpacked bundles lie.
 * @throws NotABundleError when there is nothing to import, PairIncompleteError when a snap has no assertions beside it,
 * BundleUnreadableError
 */
export async function planImport(path: string): Promise<ImportPlan> {
  const status = await statusOf(path);
  if (status.isDirectory()) return planFolder(path);
  return { sources: [await sourceOf(path, status)], ignored: [] };
}

/**
 * What several FILEs stand for together: as each of them alone, but parts of one bundle are one source, wherever they lie.
 * @throws as planImport
 */
export async function planImports(paths: readonly string[]): Promise<ImportPlan> {
  const plans: ImportPlan[] = [];
  for (const path of paths) plans.push(await planImport(path));
  const sources = joinParts(plans.flatMap((plan) => plan.sources));
  return { sources, ignored: plans.flatMap(({ ignored }) => ignored) };
}

/** The bytes of a file, in chunks that suit `readBundle`: large ones cost fewer trips to a thread. */
export function openBytes(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: READ_BYTES });
}

function joinParts(sources: readonly ImportSource[]): ImportSource[] {
  const joined: ImportSource[] = [];
  for (const source of sources) {
    const at = joined.findIndex(
      (other) => other.kind === 'bundle-parts' && source.kind === 'bundle-parts' && isSameSet(other.set, source.set),
    );
    const before = joined[at];
    if (before?.kind !== 'bundle-parts' || source.kind !== 'bundle-parts') joined.push(source);
    else joined[at] = splitBundleOf(source.set, [...before.parts, ...source.parts]);
  }
  return joined;
}

async function planFolder(folder: string): Promise<ImportPlan> {
  const names = await attempt(folder, async () => (await readdir(folder)).sort());
  if (names.includes(MANIFEST_PATH)) return { sources: [{ kind: 'bundle-folder', path: folder }], ignored: [] };
  const sources: ImportSource[] = [];
  const ignored: { path: string; reason: string }[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const found = await inFolder(path, name, names);
    if (typeof found === 'string') ignored.push({ path, reason: found });
    else if (found !== null) sources.push(found);
  }
  if (sources.length === 0)
    throw new NotABundleError({ file: folder, member: null }, 'holds nothing that can be imported');
  return { sources, ignored };
}

/** What lies in a folder under this path: a source, part of another one (null), or a reason to pass over it. */
async function inFolder(
  path: string,
  name: string,
  siblings: readonly string[],
): Promise<ImportSource | null | string> {
  const status = await attempt(path, () => lstat(path));
  if (status.isSymbolicLink()) return 'is a symbolic link';
  if (status.isDirectory()) {
    const names = await attempt(path, () => readdir(path));
    return names.includes(MANIFEST_PATH) ? { kind: 'bundle-folder', path } : 'is a folder without bundle.json';
  }
  if (!status.isFile()) return 'is not a regular file';
  if (name.endsWith('.assert')) {
    const hasSnap = siblings.includes(name.replace(/\.assert$/, '.snap'));
    return hasSnap ? null : 'has no snap beside it; "assertions push" takes assertions alone';
  }
  const part = parsePartName(name);
  if (part !== null) {
    const first = siblings.map(parsePartName).find((other) => other !== null && isSameSet(part, other));
    return first?.number === part.number ? sourceOf(path, status) : null;
  }
  if (/\.(?:snap|tar|tgz|tar\.gz)$/.test(path)) return sourceOf(path, status);
  return 'is neither a bundle nor a snap';
}

async function sourceOf(path: string, status: Stats): Promise<ImportSource> {
  const place = { file: path, member: null };
  if (!status.isFile()) throw new NotABundleError(place, 'is neither a regular file nor a folder');
  if (path.endsWith('.snap')) return pairOf(path);
  if (path.endsWith('.assert')) {
    if (await exists(path.replace(/\.assert$/, '.snap'))) return pairOf(path.replace(/\.assert$/, '.snap'));
    throw new PairIncompleteError(place, 'has no snap beside it; "assertions push" takes assertions alone');
  }
  const split = await attempt(path, () => findSplitBundle(path, status.size));
  if (split !== null) return split;
  const first = await firstEntryName(path);
  if (first !== null) return { kind: first === MANIFEST_PATH ? 'bundle' : 'loose-tar', path };
  const reason = 'is not a snap bundle, a tarball, a folder or NAME_REV.snap with NAME_REV.assert beside it';
  throw new NotABundleError(place, reason);
}

async function pairOf(path: string): Promise<ImportSource> {
  const assertionsPath = path.replace(/\.snap$/, '.assert');
  if (await exists(assertionsPath)) return { kind: 'pair', path, assertionsPath };
  throw new PairIncompleteError(
    { file: path, member: null },
    `has no assertions beside it: ${assertionsPath} is missing`,
  );
}

const TAR_HEADER_BYTES = 512;

/** The name of a tarball's first entry, or null when the file is no tarball. A damaged one is for its reader to describe. */
async function firstEntryName(path: string): Promise<string | null> {
  const place = { file: path, member: null };
  return attempt(path, async () => {
    const start = await firstBytes(createReadStream(path, { end: 2 }), 3);
    const file = createReadStream(path, { highWaterMark: 64 * 1024 });
    const header = await firstBytes(isGzip(start) ? gunzipped(file, () => place) : file, TAR_HEADER_BYTES);
    const isTar = header.subarray(257, 262).toString('latin1') === 'ustar';
    return isTar ? (header.subarray(0, 100).toString('latin1').split('\0')[0] ?? '') : null;
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw unreadable(path, error);
  }
}

function statusOf(path: string): Promise<Stats> {
  return attempt(path, () => stat(path));
}

async function attempt<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? unreadable(path, error) : error;
  }
}

function unreadable(path: string, cause: unknown): BundleUnreadableError {
  const reason = hasCode(cause, 'ENOENT') ? 'does not exist' : `cannot be read: ${messageOf(cause)}`;
  return new BundleUnreadableError({ file: path, member: null }, reason, { cause });
}
