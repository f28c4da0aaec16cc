import { type HeldSnap, type NeedKind, SnapNotHeldError } from '../../catalog/index.js';
import { ChosenSnap } from './chosen-snap.js';
import type { ExportRequest } from './export-request.js';

/** One file that is to be written. */
export interface ChosenBundle {
  /** What the file's name begins with. */
  readonly name: string;
  /** By name. */
  readonly snaps: readonly ChosenSnap[];
}

export interface ExportSelection {
  readonly bundles: readonly ChosenBundle[];
  /** What the operator should know that is no error. */
  readonly notes: readonly string[];
}

/** The snaps that a device fetches before it installs a revision, and why. */
export type NeedsOf = (snapId: string, revision: number) => Promise<ReadonlyMap<string, NeedKind>>;

/** The file of all snaps together. */
const EVERYTHING = 'all-snaps';

/**
 * Decides what leaves and in which file: what was asked for, and what devices ask for beside it.
 * @throws SnapNotHeldError, RevisionNotHeldError, ChannelNotOpenError, NothingToExportError, InvalidChannelError
 */
export async function selectExport(
  held: readonly HeldSnap[],
  needsOf: NeedsOf,
  request: ExportRequest,
): Promise<ExportSelection> {
  const selecting = new Selecting(new Map(held.map((snap) => [snap.name, snap])), needsOf, request);
  return request.packing === 'standalone' ? selecting.standalone() : selecting.shared();
}

class Selecting {
  private readonly notes = new Set<string>();

  constructor(
    private readonly held: ReadonlyMap<string, HeldSnap>,
    private readonly needsOf: NeedsOf,
    private readonly request: ExportRequest,
  ) {}

  /** Nothing is in two files: what several need is in the first of them, and what was named is in its own. */
  async shared(): Promise<ExportSelection> {
    const names = this.names();
    const chosen = new Map<string, ChosenSnap>();
    const fileOf = new Map<string, string>();
    for (const name of names) {
      chosen.set(name, this.requested(name));
      fileOf.set(name, name);
    }
    for (const name of names) {
      for (const needed of await this.complete(chosen, [name])) fileOf.set(needed, name);
    }
    const first = this.request.names === null ? EVERYTHING : (names[0] ?? EVERYTHING);
    const files = this.request.packing === 'single' ? [first] : names;
    return this.selection(
      files.map((file) => {
        const inIt = [...chosen].filter(([name]) => files.length === 1 || fileOf.get(name) === file);
        return { name: file, snaps: inIt.map(([, snap]) => snap) };
      }),
    );
  }

  async standalone(): Promise<ExportSelection> {
    const bundles: ChosenBundle[] = [];
    for (const name of this.names()) {
      const chosen = new Map([[name, this.requested(name)]]);
      await this.complete(chosen, [name]);
      bundles.push({ name, snaps: [...chosen.values()] });
    }
    return this.selection(bundles);
  }

  private selection(bundles: readonly ChosenBundle[]): ExportSelection {
    return {
      bundles: bundles.map(({ name, snaps }) => ({
        name,
        snaps: [...snaps].sort((one, other) => (one.held.name < other.held.name ? -1 : 1)),
      })),
      notes: [...this.notes],
    };
  }

  private names(): string[] {
    const names = this.request.names === null ? [...this.held.keys()] : [...new Set(this.request.names)];
    for (const name of names) if (!this.held.has(name)) throw new SnapNotHeldError(name);
    return names;
  }

  private requested(name: string): ChosenSnap {
    const snap = this.held.get(name);
    if (snap === undefined) throw new SnapNotHeldError(name);
    return new ChosenSnap(snap).takeRequested(this.request);
  }

  /**
   * Adds what devices need of what is chosen, and what that needs in turn.
   * @returns the names that were not chosen before
   */
  private async complete(chosen: Map<string, ChosenSnap>, names: readonly string[]): Promise<string[]> {
    if (!this.request.withPrerequisites) return [];
    const added: string[] = [];
    const looked = new Set<string>();
    for (const queue = [...names]; ;) {
      const name = queue.shift();
      if (name === undefined) return added;
      const snap = chosen.get(name);
      if (snap === undefined) continue;
      for (const { revision, architectures } of snap.revisions) {
        const key = `${name} ${revision}`;
        if (looked.has(key)) continue;
        looked.add(key);
        for (const [needed, kind] of await this.needsOf(snap.held.snapId, revision)) {
          if (needed === name) continue;
          const other = this.neededSnap(chosen, needed, `${name} (revision ${revision}) needs ${needed}: ${kind}`);
          if (other === null) continue;
          if (!chosen.has(needed)) added.push(needed);
          chosen.set(needed, other);
          other.takeNeeded({ kind, of: name }, architectures);
          queue.push(needed);
        }
      }
    }
  }

  private neededSnap(chosen: ReadonlyMap<string, ChosenSnap>, name: string, why: string): ChosenSnap | null {
    const before = chosen.get(name);
    if (before !== undefined) return before;
    const held = this.held.get(name);
    if (held !== undefined) return new ChosenSnap(held);
    this.notes.add(`${why}, which this store does not hold`);
    return null;
  }
}
