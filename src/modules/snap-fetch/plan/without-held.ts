import {
  type AssumedComponent,
  type AssumedRevision,
  type HeldRelease,
  type Holdings,
  KnownReleases,
} from '../../../formats/bundle/index.js';
import type { Sha3_384 } from '../../../kernel/digest.js';
import type { PlannedBundle, PlannedRevision, PlannedSnap } from './fetch-plan.js';
import { HoldingsConflictError } from './plan.errors.js';

/** What the other side holds, by all that tells. */
export class Held {
  private readonly revisions = new Map<string, Holding>();
  private readonly components = new Map<string, Holding>();
  private readonly releases: KnownReleases;
  private readonly media = new Map<string, Sha3_384>();

  constructor(holdings: readonly Holdings[]) {
    this.releases = new KnownReleases(holdings);
    for (const { source, revisions, components, media } of holdings) {
      for (const one of revisions) this.revisions.set(keyOf(one.snapId, one.revision), { digest: one.digest, source });
      for (const one of components)
        this.components.set(keyOf(one.snapId, one.revision, one.name), { digest: one.digest, source });
      for (const digest of media) this.media.set(digest.hex, digest);
    }
  }

  get pictures(): Sha3_384[] {
    return [...this.media.values()];
  }

  /** @throws HoldingsConflictError where it is held with another content */
  hasRevision({ snapId, name, revision, digest }: AssumedRevision): boolean {
    return isHeld(this.revisions.get(keyOf(snapId, revision)), digest, `revision ${revision} of ${name}`);
  }

  /** @throws HoldingsConflictError where it is held with another content */
  hasComponent({ snapId, name, revision, digest }: AssumedComponent): boolean {
    return isHeld(
      this.components.get(keyOf(snapId, revision, name)),
      digest,
      `revision ${revision} of component ${name}`,
    );
  }

  /** Whether the newest that tells of the channel says that this is on it. */
  hasRelease(release: HeldRelease): boolean {
    return this.releases.has(release);
  }
}

interface Holding {
  readonly digest: Sha3_384;
  readonly source: string;
}

/**
 * The bundle without what the other side holds. It assumes that instead: were it not there after all, the import would be refused
 * rather than end in a store that lacks something. A snap stays in it as long as anything about it moves, be it a channel.
 * @throws HoldingsConflictError
 */
export function withoutHeld(bundle: PlannedBundle, held: Held): PlannedBundle {
  const reduced = bundle.snaps.map((snap) => reduce(snap, held));
  return {
    ...bundle,
    snaps: reduced.filter(({ isMoving }) => isMoving).map(({ snap }) => snap),
    assumes: {
      revisions: reduced.flatMap(({ revisions }) => revisions),
      components: reduced.flatMap(({ components }) => components),
      media: held.pictures,
    },
  };
}

interface Reduced {
  readonly snap: PlannedSnap;
  readonly isMoving: boolean;
  readonly revisions: readonly AssumedRevision[];
  readonly components: readonly AssumedComponent[];
}

function reduce(snap: PlannedSnap, held: Held): Reduced {
  const marked = snap.revisions.map((revision) => markHeld(snap, revision, held));
  const carried = marked.filter(({ isHeld: there }) => !there).map(({ revision }) => revision);
  const isMoved = snap.channelMap.some((release) => {
    return release.requested && !held.hasRelease({ ...release, snapId: snap.snapId });
  });
  return {
    snap: { ...snap, revisions: carried },
    isMoving: carried.length > 0 || isMoved,
    revisions: marked.filter(({ isHeld: there }) => there).map(({ revision }) => assumedRevision(snap, revision)),
    components: assumedComponents(
      snap,
      marked.map(({ revision }) => revision),
    ),
  };
}

/** A component that is new to a held revision travels with its snap: a bundle pairs it with a revision that it carries. */
function markHeld(
  snap: PlannedSnap,
  revision: PlannedRevision,
  held: Held,
): { revision: PlannedRevision; isHeld: boolean } {
  const components = revision.components.map(({ store }) => {
    const { name, revision: number, download } = store;
    const assumed = { snapId: snap.snapId, name, revision: number, digest: download.digest };
    return { store, isAssumed: held.hasComponent(assumed) };
  });
  const isThere = held.hasRevision(assumedRevision(snap, revision));
  return {
    revision: { store: revision.store, components },
    isHeld: isThere && components.every(({ isAssumed }) => isAssumed),
  };
}

function assumedRevision({ snapId, name }: PlannedSnap, { store }: PlannedRevision): AssumedRevision {
  return { snapId, name, revision: store.revision, digest: store.download.digest };
}

/** Several revisions of a snap may go with one revision of a component. */
function assumedComponents({ snapId }: PlannedSnap, revisions: readonly PlannedRevision[]): AssumedComponent[] {
  const assumed = revisions.flatMap(({ components }) => components.filter(({ isAssumed }) => isAssumed));
  const distinct = new Map(assumed.map(({ store }) => [keyOf(snapId, store.revision, store.name), store]));
  return [...distinct.values()].map(({ name, revision, download }) => {
    return { snapId, name, revision, digest: download.digest };
  });
}

function isHeld(holding: Holding | undefined, digest: Sha3_384, what: string): boolean {
  if (holding === undefined) return false;
  if (!holding.digest.equals(digest)) throw new HoldingsConflictError(holding.source, what);
  return true;
}

function keyOf(snapId: string, revision: number, component = ''): string {
  return `${snapId} ${revision} ${component}`;
}
