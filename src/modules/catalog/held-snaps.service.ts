import { Injectable } from '@nestjs/common';

import { bySnap } from './by-snap.js';
import { openReleases, type OpenRelease } from './open-releases.js';
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
}

/** The whole of what is held, for whoever carries it further. */
@Injectable()
export class HeldSnapsService {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
  ) {}

  /** In the order of their names. */
  async all(): Promise<HeldSnap[]> {
    const [snaps, facts, releases] = await Promise.all([
      this.snaps.all(),
      this.revisions.allFacts(),
      this.releases.newestOfAll(),
    ]);
    const factsOf = bySnap(facts);
    const releasesOf = bySnap(releases);
    return snaps.map(({ snapId, name, publisherId, defaultTrack, metadata }) => {
      const own = factsOf.get(snapId) ?? [];
      const held = new Set(own.map(({ revision }) => revision));
      return {
        snapId,
        name,
        publisherId,
        defaultTrack,
        metadata,
        revisions: own.map(heldRevision).reverse(),
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

function heldRevision(fact: RevisionFacts): HeldSnapRevision {
  const { revision, sha3_384, sizeBytes, version, architectures, provenance, createdAt } = fact;
  return { revision, sha3_384, sizeBytes: Number(sizeBytes), version, architectures, provenance, createdAt };
}
