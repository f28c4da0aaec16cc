import { Injectable } from '@nestjs/common';

import { ChangeFeed } from '../../platform/database/change-feed.js';
import { Transaction } from '../../platform/database/transaction.js';
import { RevisionNotHeldError, SnapNotHeldError, SnapStillNeededError } from './catalog.errors.js';
import { CATALOG_TOPIC } from './catalog-writer.js';
import type { Snap } from './entities/snap.entity.js';
import type { ComponentRevision } from './entities/component-revision.entity.js';
import { ComponentRepository } from './repositories/component.repository.js';
import { DeltaRepository } from './deltas/delta.repository.js';
import { FileReferences } from './repositories/file-references.js';
import { ReleaseRepository } from './repositories/release.repository.js';
import { type RevisionFacts, RevisionRepository } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';
import { type NeedKind, snapNeeds } from './snap-needs.js';

const MAX_REASONS = 20;
const WHY: Readonly<Record<NeedKind, string>> = {
  base: 'its base',
  snapd: 'a device without snapd fetches it first',
  'default-provider': 'the default provider of its content',
};

export interface RemovalPlan {
  readonly name: string;
  readonly snapId: string;
  /** Newest first. */
  readonly revisions: readonly { readonly revision: number; readonly version: string; readonly sizeBytes: number }[];
  /** Those that go with nothing that stays. */
  readonly components: readonly { readonly name: string; readonly revision: number; readonly sizeBytes: number }[];
  /** Whether nothing of the snap stays. */
  readonly isWholeSnap: boolean;
  /** Open channels that hold one of the revisions. */
  readonly closes: readonly { readonly channel: string; readonly architecture: string; readonly revision: number }[];
  /** Why it should stay, in words; empty where nothing needs it. */
  readonly neededBy: readonly string[];
  /** The digests, in hex, of files that nothing needs once it is gone. */
  readonly blobs: readonly string[];
}

export interface RemovalOptions {
  /** Absent: every revision. */
  readonly revision?: number;
}

/** Takes snaps out of the catalog, and says first what depends on them. */
@Injectable()
export class RemovalService {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
    private readonly components: ComponentRepository,
    private readonly deltas: DeltaRepository,
    private readonly files: FileReferences,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /**
   * What removing would do, without doing it.
   * @throws SnapNotHeldError, RevisionNotHeldError
   */
  async plan(name: string, options: RemovalOptions = {}): Promise<RemovalPlan> {
    const snap = await this.snaps.byName(name);
    if (snap === null) throw new SnapNotHeldError(name);
    return this.planFor(snap, options);
  }

  /**
   * Removes a snap or one revision of it, and closes the channels that hold it. The files of `blobs` are the caller's to
   * collect afterwards.
   * @throws SnapNotHeldError, RevisionNotHeldError; SnapStillNeededError unless `force`
   */
  remove(name: string, options: RemovalOptions & { readonly force?: boolean } = {}): Promise<RemovalPlan> {
    return this.transaction.run(async () => {
      const known = await this.snaps.byName(name);
      const snap = known === null ? null : await this.snaps.lock(known.snapId);
      if (snap === null) throw new SnapNotHeldError(name);
      const plan = await this.planFor(snap, options);
      if (plan.neededBy.length > 0 && options.force !== true) {
        const what = plan.isWholeSnap ? name : `revision ${options.revision ?? 0} of ${name}`;
        throw new SnapStillNeededError(what, plan.neededBy);
      }
      if (plan.isWholeSnap) {
        await this.snaps.remove(snap.snapId);
      } else {
        for (const { revision } of plan.revisions) await this.revisions.remove(snap.snapId, revision);
        for (const { name: component, revision } of plan.components)
          await this.components.remove(snap.snapId, component, revision);
        await this.releases.add(
          plan.closes.map(({ channel, architecture }) => {
            return { snapId: snap.snapId, channel, architecture, revision: null, origin: 'hand' };
          }),
        );
      }
      await this.changes.announce(CATALOG_TOPIC, [snap.snapId]);
      return plan;
    });
  }

  private async planFor(snap: Snap, { revision }: RemovalOptions): Promise<RemovalPlan> {
    const facts = await this.revisions.factsOf(snap.snapId);
    const going = revision === undefined ? facts : facts.filter((fact) => fact.revision === revision);
    if (revision !== undefined && going.length === 0) throw new RevisionNotHeldError(snap.name, revision);
    const isWholeSnap = going.length === facts.length;
    const numbers = new Set(going.map((fact) => fact.revision));
    const closes = (await this.releases.newest(snap.snapId)).flatMap(({ channel, architecture, revision: released }) =>
      released !== null && numbers.has(released) ? [{ channel, architecture, revision: released }] : [],
    );
    const components = await this.componentsGoing(snap, isWholeSnap, numbers);
    const reasons = isWholeSnap ? await this.whoNeeds(snap) : closes.map(releasedReason);
    return {
      name: snap.name,
      snapId: snap.snapId,
      revisions: going.map(({ revision: number, version, sizeBytes }) => {
        return { revision: number, version, sizeBytes: Number(sizeBytes) };
      }),
      components: components.map(({ name, revision: number, sizeBytes }) => {
        return { name, revision: number, sizeBytes: Number(sizeBytes) };
      }),
      isWholeSnap,
      closes,
      neededBy: shortened(reasons),
      blobs: await this.orphanedBy(snap, going, components, isWholeSnap),
    };
  }

  /** The held snaps that do not run, or not be installed, without this one. */
  private async whoNeeds(snap: Snap): Promise<string[]> {
    const names = new Map((await this.snaps.all()).map(({ snapId, name }) => [snapId, name]));
    const needing = new Map<string, string>();
    for await (const { snapId, snapYaml } of this.revisions.snapYamls()) {
      const name = names.get(snapId);
      if (snapId === snap.snapId || name === undefined || needing.has(name)) continue;
      const kind = snapNeeds(snapYaml).get(snap.name);
      if (kind !== undefined) needing.set(name, WHY[kind]);
    }
    return [...needing].map(([name, why]) => `${name} (${why})`);
  }

  private async componentsGoing(
    { snapId, hasComponents }: Snap,
    isWholeSnap: boolean,
    going: ReadonlySet<number>,
  ): Promise<ComponentRevision[]> {
    if (!hasComponents) return [];
    const components = await this.components.of(snapId);
    if (isWholeSnap) return components;
    const keyOf = (name: string, revision: number): string => `${name}_${revision}`;
    const pairs = await this.components.pairsOf(snapId);
    const staying = new Set<string>();
    const leaving = new Set<string>();
    for (const { snapRevision, name, componentRevision } of pairs)
      (going.has(snapRevision) ? leaving : staying).add(keyOf(name, componentRevision));
    return components.filter(({ name, revision }) => {
      const key = keyOf(name, revision);
      return leaving.has(key) && !staying.has(key);
    });
  }

  private async orphanedBy(
    snap: Snap,
    going: readonly RevisionFacts[],
    components: readonly ComponentRevision[],
    isWholeSnap: boolean,
  ): Promise<string[]> {
    const pictures = isWholeSnap ? (snap.metadata.media ?? []) : [];
    const icons = going.flatMap(({ icon }) => icon ?? []);
    const files = [...going, ...components].map(({ sha3_384 }) => sha3_384);
    const revisions = going.map(({ revision }) => revision);
    const deltas = (await this.deltas.of(snap.snapId)).flatMap(({ sourceRevision, targetRevision, sha3_384 }) => {
      const goes = revisions.includes(sourceRevision) || revisions.includes(targetRevision);
      return goes && sha3_384 !== null ? [sha3_384] : [];
    });
    const digests = [...files, ...deltas, ...[...pictures, ...icons].map((picture) => picture['sha3-384'])];
    return this.files.unreferenced([...new Set(digests)], { snapId: snap.snapId, revisions, components, isWholeSnap });
  }
}

function releasedReason({ channel, architecture }: RemovalPlan['closes'][number]): string {
  return `${channel} on ${architecture} releases it`;
}

function shortened(reasons: readonly string[]): string[] {
  if (reasons.length <= MAX_REASONS) return [...reasons];
  return [...reasons.slice(0, MAX_REASONS), `and ${reasons.length - MAX_REASONS} more`];
}
