import { constants } from 'node:fs';
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, sep } from 'node:path';

import {
  EmbeddedPostgresFailedError,
  EmbeddedPostgresMissingError,
  EmbeddedPostgresUnsupportedError,
} from './embedded-postgres.errors.js';
import { run } from './run.js';
import type { SystemUser } from './system-user.js';

/** As in optionalDependencies. The packages exist for more machines, but nobody has tried those. */
const PACKAGED = ['linux-x64', 'linux-arm64'];

const WORKSHOP = '.copying-';
const COPYING_TAKES_AT_MOST_MS = 600_000;

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Such as `18`: a cluster works with its own major version only. */
  readonly majorVersion: string;
}

/** Where the binaries were installed, and what they are. */
export interface BinariesPackage {
  readonly root: string;
  readonly name: string;
  readonly version: string;
}

/**
 * @throws EmbeddedPostgresUnsupportedError
 * @throws EmbeddedPostgresMissingError
 */
export async function findPackage(platform: string, architecture: string): Promise<BinariesPackage> {
  const machine = `${platform}-${architecture}`;
  if (!PACKAGED.includes(machine)) throw new EmbeddedPostgresUnsupportedError(platform, architecture);
  const name = `@embedded-postgres/${machine}`;
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { root, name, version };
  } catch (error) {
    throw new EmbeddedPostgresMissingError(name, { cause: error });
  }
}

/**
 * Binaries that the user can really run: those of the package, once their missing library links are made
 * (npm packages carry none, and the package's own install script does not run under `--ignore-scripts`); else, where the
 * package is read-only or out of the user's reach, a copy in the given folder.
 * @param user null for the current one
 * @throws EmbeddedPostgresFailedError with the reason why they do not run on this machine
 */
export async function runnableBinaries(
  installed: BinariesPackage,
  user: SystemUser | null,
  copiesFolder: string,
): Promise<Binaries> {
  const linked = await makeLibraryLinks(installed.root).then(
    () => true,
    () => false,
  );
  let complaint = linked ? await whyNotRunnable(installed.root, user) : 'its library links cannot be made';
  if (complaint === null) return binariesIn(installed.root, installed.version);

  const copy = join(copiesFolder, `postgresql-${installed.version}-${basename(installed.name)}`);
  if (!(await exists(copy)) || (await whyNotRunnable(copy, user)) !== null) {
    complaint = await replaceByCopy(installed.root, copy, user);
    if (complaint !== null) {
      throw new EmbeddedPostgresFailedError('the embedded PostgreSQL does not run on this machine', complaint, {
        package: installed.name,
      });
    }
  }
  return binariesIn(copy, installed.version);
}

/** Makes the symbolic links that `pg-symlinks.json` lists and that are not there. */
export async function makeLibraryLinks(packageRoot: string): Promise<void> {
  const list = JSON.parse(await readFile(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const link = join(packageRoot, target);
    if (!isInside(packageRoot, link) || !isInside(packageRoot, join(packageRoot, source))) continue;
    if (await exists(link)) continue;
    await symlink(relative(dirname(target), source), link).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}

async function whyNotRunnable(packageRoot: string, user: SystemUser | null): Promise<string | null> {
  const { initdb, postgres } = binariesIn(packageRoot, '');
  for (const program of [postgres, initdb]) {
    // npm keeps these modes; a copy of node_modules by other means may not.
    if (user === null && !(await access(program, constants.X_OK).then(yes, no))) return `${program} cannot be executed`;
    const { exitCode, output } = await run(program, ['--version'], user);
    if (exitCode !== 0) return output.trim() || `${program} does not start`;
  }
  return null;
}

/**
 * Copies under a temporary name and renames: what is there under the final name is whole and runs.
 * @returns why it does not run, and then nothing is left of it; null when it does
 */
async function replaceByCopy(packageRoot: string, copy: string, user: SystemUser | null): Promise<string | null> {
  await mkdir(dirname(copy), { recursive: true });
  await forgetInterrupted(copy);
  const workshop = await mkdtemp(`${copy}${WORKSHOP}`);
  try {
    const unfinished = join(workshop, 'new');
    await cp(join(packageRoot, 'native'), join(unfinished, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    });
    await makeLibraryLinks(unfinished);
    await makeEnterable(workshop);
    const complaint = await whyNotRunnable(unfinished, user);
    if (complaint !== null) return complaint;
    await rename(copy, join(workshop, 'old')).catch(() => undefined);
    await rename(unfinished, copy).catch(async (error: unknown) => {
      // Another process, of another data folder, was faster.
      if (!(await exists(copy))) throw error;
    });
    return null;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** What a process left that was killed while it copied. Other data folders' processes may be copying right now. */
async function forgetInterrupted(copy: string): Promise<void> {
  for (const name of await readdir(dirname(copy))) {
    const path = join(dirname(copy), name);
    if (!name.startsWith(basename(copy) + WORKSHOP)) continue;
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > COPYING_TAKES_AT_MOST_MS)
      await rm(path, { recursive: true, force: true });
  }
}

/** What was installed for its owner alone must in its copy be open to the user that the database runs as. */
async function makeEnterable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeEnterable(path);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

function binariesIn(packageRoot: string, version: string): Binaries {
  const bin = join(packageRoot, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), majorVersion: version.split('.')[0] ?? '' };
}

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder + sep);
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(yes, no);
}

const yes = (): boolean => true;
const no = (): boolean => false;
