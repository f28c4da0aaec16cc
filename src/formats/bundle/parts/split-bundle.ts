import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { BundlePartMissingError, BundlePartRefusedError } from '../errors.js';
import type { BundlePart } from '../reader.js';
import { formatPartSetName, idStartOf, parsePartName, type PartSetName } from './part-name.js';

/** One file of a bundle that was split. */
export interface PartFile {
  /** From 1. */
  readonly number: number;
  readonly path: string;
  readonly sizeBytes: number;
}

/** A bundle in parts, as far as they are at hand. */
export interface SplitBundle {
  readonly kind: 'bundle-parts';
  /** For messages: the folder of the first part at hand, and all parts of the bundle in one word. */
  readonly path: string;
  readonly set: PartSetName;
  /** Ascending by number; at least one, none twice. */
  readonly parts: readonly PartFile[];
}

/** @param found of one number, the first counts */
export function splitBundleOf(set: PartSetName, found: readonly PartFile[]): SplitBundle {
  const byNumber = new Map([...found].reverse().map((part) => [part.number, part]));
  const parts = [...byNumber.values()].sort((one, other) => one.number - other.number);
  const folder = dirname(parts[0]?.path ?? '');
  return { kind: 'bundle-parts', path: join(folder, formatPartSetName(set)), set, parts };
}

/** The bundle of which this file is a part by its name, with the parts that lie beside it; null for any other file. */
export async function findSplitBundle(path: string, sizeBytes: number): Promise<SplitBundle | null> {
  const name = parsePartName(basename(path));
  if (name === null) return null;
  const parts: PartFile[] = [{ number: name.number, path, sizeBytes }];
  for (const sibling of await readdir(dirname(path))) {
    const other = parsePartName(sibling);
    if (other === null || !isSameSet(name, other) || other.number === name.number) continue;
    const siblingPath = join(dirname(path), sibling);
    const status = await lstat(siblingPath);
    if (status.isFile()) parts.push({ number: other.number, path: siblingPath, sizeBytes: status.size });
  }
  return splitBundleOf(name, parts);
}

/** Whether parts with these names are parts of one bundle. */
export function isSameSet(one: PartSetName, other: PartSetName): boolean {
  return one.bundleName === other.bundleName && one.idStart === other.idStart && one.total === other.total;
}

/** The numbers of the parts that are not at hand, ascending. */
export function missingParts({ set, parts }: Pick<SplitBundle, 'set' | 'parts'>): number[] {
  const present = new Set(parts.map(({ number }) => number));
  return Array.from({ length: set.total }, (_, index) => index + 1).filter((number) => !present.has(number));
}

/** @throws BundlePartMissingError naming all that are missing */
export function checkPartsComplete(split: SplitBundle): void {
  const missing = missingParts(split);
  if (missing.length > 0) throw new BundlePartMissingError(split.path, missing, split.set.total);
}

/**
 * Finds parts that were cut short on their way, before they are joined: all have one size but the last, which is no larger.
 * @throws BundlePartRefusedError naming the part
 */
export function checkPartSizes({ set, parts }: SplitBundle): void {
  const full = Math.max(...parts.filter(({ number }) => number < set.total).map(({ sizeBytes }) => sizeBytes));
  for (const { number, path, sizeBytes } of parts) {
    const refuse = (reason: string): never => {
      throw new BundlePartRefusedError({ file: path, member: null }, reason);
    };
    if (sizeBytes === 0) refuse('is empty');
    if (number < set.total && sizeBytes !== full) refuse(`has ${sizeBytes} bytes, and another part ${full}`);
    if (number === set.total && Number.isFinite(full) && sizeBytes > full)
      refuse(`has ${sizeBytes} bytes, more than the ${full} of the parts before it`);
  }
}

/**
 * The bytes of the bundle, as far as its parts reach.
 * @throws BundlePartMissingError where one is needed that is not at hand
 */
export async function* joinedParts(
  split: SplitBundle,
  open: (part: PartFile) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  checkPartSizes(split);
  const byNumber = new Map(split.parts.map((part) => [part.number, part]));
  for (let number = 1; number <= split.set.total; number++) {
    const part = byNumber.get(number);
    if (part === undefined) throw new BundlePartMissingError(split.path, missingParts(split), split.set.total);
    yield* open(part);
  }
}

/**
 * Hands on what is read of joined parts, once the manifest says that it is of the bundle that the parts are named after.
 * @throws BundlePartRefusedError where it is of another
 */
export async function* partsOfNamedBundle(
  read: AsyncGenerator<BundlePart, void>,
  { path, set }: SplitBundle,
): AsyncGenerator<BundlePart, void> {
  for await (const part of read) {
    if (part.kind === 'head' && idStartOf(part.manifest.id) !== set.idStart) {
      const reason = `are named as parts of the bundle ${set.idStart}…, and are of ${part.manifest.id}`;
      throw new BundlePartRefusedError({ file: path, member: null }, reason);
    }
    yield part;
  }
}
