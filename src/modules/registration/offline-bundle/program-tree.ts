import { access, lstat, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import { messageOf } from '../../../kernel/store-error.js';
import { fileMember, folderMembers, type Member, READABLE } from './member.js';
import { ProgramNotPackableError } from './offline-bundle.errors.js';

/** Where the program lies in the bundle, and where what it needs lies when npm has put that beside it. */
export const PROGRAM_FOLDER = 'program';
const BESIDE_FOLDER = 'node_modules';

/** What only people who build against a package or debug it look at. */
const NOT_RUN = /\.(?:d\.[cm]?ts|map|tsbuildinfo)$/;
const OWN_FOLDERS = ['dist', 'docs', 'packaging'];
const OWN_FILES = ['package.json', 'README.md', 'LICENSE'];

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

/** A package as it is installed here. */
interface Installed {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * The program as it is installed, in a checkout or as a package: its own files and the packages that it needs to run, found as
 * Node.js finds them. What is only for building or testing it, and what is for one kind of machine only, is left out.
 */
export class ProgramTree {
  private constructor(
    private readonly root: string,
    /** Folders of packages, with where each goes. */
    private readonly packages: ReadonlyMap<string, string>,
    readonly version: string,
  ) {}

  /**
   * @param root the folder of our own package.json
   * @param perMachine packages that each architecture has its own of; who writes the bundle adds the right one
   * @throws ProgramNotPackableError
   */
  static async read(root: string, perMachine: (name: string) => boolean): Promise<ProgramTree> {
    const manifest = await readManifest(root);
    const walk = new Walk(root, perMachine);
    await walk.follow({ folder: root, manifest });
    return new ProgramTree(root, walk.places, manifest.version ?? '0.0.0');
  }

  async *members(): AsyncGenerator<Member> {
    for (const name of OWN_FILES) yield await fileMember(`${PROGRAM_FOLDER}/${name}`, join(this.root, name), READABLE);
    for (const name of OWN_FOLDERS) {
      const folder = join(this.root, name);
      if (name === 'docs' && !(await isThere(folder))) continue;
      yield* folderMembers(
        `${PROGRAM_FOLDER}/${name}`,
        folder,
        (path) => !NOT_RUN.test(path) && !path.includes('.spec.'),
      );
    }
    const inOrder = [...this.packages].sort(([, one], [, other]) => (one < other ? -1 : 1));
    for (const [folder, place] of inOrder) {
      // A package inside of another one has a place of its own.
      yield* folderMembers(place, folder, (path) => path !== 'node_modules' && !NOT_RUN.test(path));
    }
  }
}

class Walk {
  readonly places = new Map<string, string>();
  private readonly sources = new Map<string, string>();

  constructor(
    private readonly root: string,
    private readonly perMachine: (name: string) => boolean,
  ) {}

  async follow({ folder, manifest }: Installed): Promise<void> {
    for (const { name, isOptional } of needs(manifest)) {
      if (this.perMachine(name)) continue;
      const found = await this.find(name, folder);
      if (found === null) {
        if (isOptional) continue;
        throw new ProgramNotPackableError(`the package ${name}, which ${folder} needs, is not installed`, {
          name,
          folder,
        });
      }
      if (this.places.has(found.folder)) continue;
      // Who needs one of these as an option does without it on other machines.
      if (isForSomeMachines(found.manifest)) {
        if (isOptional) continue;
        throw new ProgramNotPackableError(`the package ${name} is for one kind of machine only`, { name });
      }
      this.place(name, found.folder);
      await this.follow(found);
    }
  }

  /** As Node.js looks for it: in the node_modules beside, then further and further up. */
  private async find(name: string, from: string): Promise<Installed | null> {
    for (let folder = from; ; folder = dirname(folder)) {
      const candidate = join(folder, 'node_modules', name);
      const status = await lstat(candidate).catch(() => null);
      if (status?.isSymbolicLink() === true) {
        const details = { name, link: candidate };
        throw new ProgramNotPackableError(`${candidate} is a link: install the program with npm to carry it`, details);
      }
      if (status?.isDirectory() === true) return { folder: candidate, manifest: await readManifest(candidate) };
      if (dirname(folder) === folder) return null;
    }
  }

  /** Inside of the program it stays where it is; what lies beside the program, or above it, goes beside it. */
  private place(name: string, folder: string): void {
    const isInside = folder.startsWith(this.root + sep);
    const below = relative(isInside ? this.root : this.outerModules(folder), folder)
      .split(sep)
      .join('/');
    const path = `${isInside ? PROGRAM_FOLDER : BESIDE_FOLDER}/${below}`;
    const other = this.sources.get(path);
    if (other !== undefined) {
      throw new ProgramNotPackableError(`${other} and ${folder} would both become ${path}`, { name, path });
    }
    this.sources.set(path, folder);
    this.places.set(folder, path);
  }

  /** The node_modules, nearest to the program, that a package outside of it lies in. */
  private outerModules(folder: string): string {
    let above = dirname(this.root);
    while (!folder.startsWith(join(above, 'node_modules') + sep)) above = dirname(above);
    return join(above, 'node_modules');
  }
}

/** A peer that is optional is there because something else needs it, or only for whoever works on the program. */
function needs(manifest: Manifest): { name: string; isOptional: boolean }[] {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  const names = new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers]);
  return [...names].sort().map((name) => ({ name, isOptional: name in optionalDependencies }));
}

function isForSomeMachines({ os = [], cpu = [] }: Manifest): boolean {
  return cpu.length > 0 || (os.length > 0 && !os.includes('linux'));
}

async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, 'package.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Manifest;
  } catch (error) {
    throw new ProgramNotPackableError(`${file} cannot be read: ${messageOf(error)}`, { file }, { cause: error });
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
