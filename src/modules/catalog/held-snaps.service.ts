import { Injectable } from '@nestjs/common';

import { bySnap } from './by-snap.js';
import { defaultTrackOf } from './default-track.js';
import type { ComponentPair } from './entities/component-pair.entity.js';
import type { ComponentRevision } from './entities/component-revision.entity.js';
import { openReleases, type OpenRelease } from './open-releases.js';
import { ComponentRepository } from './repositories/component.repository.js';
import { ReleaseRepository } from './repositories/release.repository.js';
import { type RevisionFacts, RevisionRepository } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';
import type { SnapMetadata } from './snap-metadata.js';
import { type NeedKind, snapNeeds } from './snap-needs.js';

/** All that the catalog knows of a snap, apart from its revisions' snap.yaml. */
export interface HeldSnap {
  readonly snapId: string;
  readonly name: string;
  /** The account-id in the snap-declaration. */
  readonly publisherId: string;
  /** Null means `latest`. */
  readonly defaultTrack: string | null;
  /** What the online store said of it, where a bundle brought that. */
  readonly metadata: SnapMetadata;
  /** Oldest first. */
  readonly revisions: readonly HeldSnapRevision[];
  /** By name, oldest first; of those too that go with no held revision. */
  readonly components: readonly HeldComponent[];
  /** By channel, and lines for all architectures before those for one. */
  readonly releases: readonly OpenRelease[];
}

export interface HeldSnapRevision {
  readonly revision: number;
  /** Lowercase hex; names the blob. */
  readonly sha3_384: string;
  readonly sizeBytes: number;
  readonly version: string;
  /** `all`, or those that the snap declares to run on. */
  readonly architectures: readonly string[];
  /** Which snap-revision assertion is its own. */
  readonly provenance: string;
  readonly createdAt: Date;
  /** The component revisions that go with it, each among the snap's. */
  readonly components: readonly { readonly name: string; readonly revision: number }[];
}

export interface HeldComponent {
  readonly name: string;
  readonly revision: number;
  /** `standard`, `kernel-modules`, … */
  readonly type: string;
  /** Lowercase hex; names the blob. */
  readonly sha3_384: string;
  readonly sizeBytes: number;
  /** Null where it has the version of the snap that it goes with. */
  readonly version: string | null;
  /** Which snap-resource-revision and snap-resource-pair assertions are its own. */
  readonly provenance: string;
  readonly createdAt: Date;
}

/** The whole of what is held, for whoever carries it further. */
@Injectable()
export class HeldSnapsService {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
    private readonly components: ComponentRepository,
  ) {}

  /** In the order of their names. */
  async all(): Promise<HeldSnap[]> {
    const [snaps, facts, releases, components, pairs] = await Promise.all([
      this.snaps.all(),
      this.revisions.allFacts(),
      this.releases.newestOfAll(),
      this.components.all(),
      this.components.allPairs(),
    ]);
    const factsOf = bySnap(facts);
    const releasesOf = bySnap(releases);
    const componentsOf = bySnap(components);
    const pairsOf = bySnap(pairs);
    return snaps.map((snap) => {
      const { snapId, name, publisherId, metadata } = snap;
      const own = factsOf.get(snapId) ?? [];
      const held = new Set(own.map(({ revision }) => revision));
      return {
        snapId,
        name,
        publisherId,
        defaultTrack: defaultTrackOf(snap),
        metadata,
        revisions: own.map((fact) => heldRevision(fact, pairsOf.get(snapId) ?? [])).reverse(),
        components: (componentsOf.get(snapId) ?? []).map(heldComponent).sort(inOrder),
        releases: openReleases(releasesOf.get(snapId) ?? [], held),
      };
    });
  }

  /** The snaps that a device fetches before it installs this revision, and why. Nothing where it is not held. */
  async needsOf(snapId: string, revision: number): Promise<ReadonlyMap<string, NeedKind>> {
    const held = await this.revisions.find(snapId, revision);
    return held === null ? new Map() : snapNeeds(held.snapYaml);
  }
}

function heldRevision(fact: RevisionFacts, pairs: readonly ComponentPair[]): HeldSnapRevision {
  const { revision, sha3_384, version, architectures, provenance, createdAt } = fact;
  const sizeBytes = Number(fact.sizeBytes);
  const components = pairs
    .filter(({ snapRevision }) => snapRevision === revision)
    .map(({ name, componentRevision }) => ({ name, revision: componentRevision }))
    .sort(inOrder);
  return { revision, sha3_384, sizeBytes, version, architectures, provenance, createdAt, components };
}

function heldComponent(component: ComponentRevision): HeldComponent {
  const { name, revision, type, sha3_384, sizeBytes, version, provenance, createdAt } = component;
  return { name, revision, type, sha3_384, sizeBytes: Number(sizeBytes), version, provenance, createdAt };
}

interface Numbered {
  readonly name: string;
  readonly revision: number;
}

function inOrder(one: Numbered, other: Numbered): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.revision - other.revision;
}
