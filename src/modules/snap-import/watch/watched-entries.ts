import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { formatPartName, parsePartName } from '../../../formats/bundle/index.js';

/** Something in the watched folder that is imported as one, with all the files that move together. */
export interface WatchedEntry {
  /** What is imported: a file or folder, of a pair the snap. */
  readonly name: string;
  /** Their names in the folder. */
  readonly files: readonly string[];
  /** Changes when any byte of it may have changed. */
  readonly fingerprint: string;
  /** When something about it changed last, as the file system tells it. */
  readonly changedAtMs: number;
}

const ARCHIVE = /\.(?:tar|tar\.gz|tgz)$/;
/** How programs that copy and download name what is not complete: rsync, curl, browsers, editors, SFTP clients. */
const UNFINISHED = /^\.|~$|\.(?:part|partial|filepart|crdownload|download|tmp|temp|swp)$/i;
const MAX_FOLDER_FILES = 50_000;

/** What lies in the folder and may be imported; anything else is left alone. */
export async function watchedEntries(folder: string): Promise<WatchedEntry[]> {
  const names = (await readdir(folder)).filter((name) => !UNFINISHED.test(name)).sort();
  const present = new Set(names);
  const entries: WatchedEntry[] = [];
  for (const name of names) {
    const entry = await entryOf(folder, name, present);
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

/** `.assert` files whose snap is not there. */
export async function loneAssertions(folder: string): Promise<string[]> {
  const names = new Set(await readdir(folder));
  return [...names].filter((name) => name.endsWith('.assert') && !names.has(snapOf(name))).sort();
}

/** Parts of bundles of which the first part is not there, each with the name of that. */
export async function loneParts(folder: string): Promise<{ readonly part: string; readonly first: string }[]> {
  const names = new Set(await readdir(folder));
  return [...names].sort().flatMap((part) => {
    const first = partsOf(part)?.[0];
    return first === undefined || names.has(first) ? [] : [{ part, first }];
  });
}

export function assertionsOf(snap: string): string {
  return snap.replace(/\.snap$/, '.assert');
}

function snapOf(assertions: string): string {
  return assertions.replace(/\.assert$/, '.snap');
}

async function entryOf(folder: string, name: string, present: ReadonlySet<string>): Promise<WatchedEntry | null> {
  const status = await statusOf(join(folder, name));
  if (status === null) return null;
  if (status.isDirectory()) return folderEntry(folder, name);
  if (!status.isFile()) return null;
  if (ARCHIVE.test(name)) return entry(name, [name], [status]);
  const parts = partsOf(name);
  if (parts !== null) return partsEntry(folder, name, parts, present);
  if (!name.endsWith('.snap') || !present.has(assertionsOf(name))) return null;
  const assertions = await statusOf(join(folder, assertionsOf(name)));
  return assertions?.isFile() === true ? entry(name, [name, assertionsOf(name)], [status, assertions]) : null;
}

/** All parts of the bundle, of which this is one. */
function partsOf(name: string): string[] | null {
  const part = parsePartName(name);
  if (part === null) return null;
  return Array.from({ length: part.total }, (_, index) => formatPartName({ ...part, number: index + 1 }));
}

/** The parts of a bundle count once all of them are there, at the first. */
async function partsEntry(
  folder: string,
  name: string,
  parts: readonly string[],
  present: ReadonlySet<string>,
): Promise<WatchedEntry | null> {
  if (name !== parts[0] || !parts.every((part) => present.has(part))) return null;
  const statuses: BigIntStats[] = [];
  for (const part of parts) {
    const status = await statusOf(join(folder, part));
    if (status?.isFile() !== true) return null;
    statuses.push(status);
  }
  return entry(name, parts, statuses);
}

/** A folder counts once it has a manifest. */
async function folderEntry(folder: string, name: string): Promise<WatchedEntry | null> {
  if ((await statusOf(join(folder, name, 'bundle.json'))) === null) return null;
  const statuses: BigIntStats[] = [];
  const collect = async (path: string, depth: number): Promise<void> => {
    for (const each of (await readdir(path, { withFileTypes: true })).sort(byName)) {
      const status = await statusOf(join(path, each.name));
      if (status === null) continue;
      // A folder that large is no bundle; whatever it is, its import will say so.
      if (statuses.push(status) >= MAX_FOLDER_FILES) return;
      if (status.isDirectory() && depth > 0) await collect(join(path, each.name), depth - 1);
    }
  };
  await collect(join(folder, name), 1);
  return entry(name, [name], statuses);
}

function entry(name: string, files: readonly string[], statuses: readonly BigIntStats[]): WatchedEntry {
  const fingerprint = statuses.map(({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`).join(' ');
  return { name, files, fingerprint, changedAtMs: Math.max(...statuses.map(({ mtimeMs }) => Number(mtimeMs))) };
}

async function statusOf(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : 1;
}
