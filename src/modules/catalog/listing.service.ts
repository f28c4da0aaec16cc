import { Injectable } from '@nestjs/common';

import { assertionRef } from '../../formats/assertion/index.js';
import { AssertionService } from '../assertions/index.js';
import { bySnap } from './by-snap.js';
import { SnapNotHeldError } from './catalog.errors.js';
import { ComponentRepository } from './repositories/component.repository.js';
import { ReleaseRepository } from './repositories/release.repository.js';
import { type RevisionFacts, RevisionRepository } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';
import type { ReleaseRow } from './releases-in-force.js';
import { publisherOf } from './snapshot/publisher.js';

export interface ListedSnap {
  readonly name: string;
  readonly snapId: string;
  /** The store that the snap is of; `ubuntu` is the global one, as Canonical's product calls it. */
  readonly stores: readonly string[];
  readonly publisher: { readonly id: string; readonly username: string; readonly displayName: string };
  /** Newest first. */
  readonly revisions: readonly number[];
  readonly sizeBytes: number;
  /** The open channels, each once, whatever the architecture. */
  readonly channels: readonly string[];
}

export interface HeldRevisionLine {
  readonly revision: number;
  readonly version: string;
  readonly architectures: readonly string[];
  readonly base: string | null;
  readonly type: string;
  readonly confinement: string;
  readonly sizeBytes: number;
  /** Lowercase hex. */
  readonly sha3_384: string;
  /** Open ones that hold it now. */
  readonly channels: readonly { readonly channel: string; readonly architecture: string }[];
  /** What devices are told goes with it. */
  readonly components: readonly { readonly name: string; readonly revision: number }[];
  readonly createdAt: Date;
  readonly addedAt: Date;
}

export interface Holdings {
  readonly snaps: number;
  readonly revisions: number;
  readonly sizeBytes: number;
}

/** What the store holds, for whoever runs it. */
@Injectable()
export class ListingService {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
    private readonly components: ComponentRepository,
    private readonly assertions: AssertionService,
  ) {}

  /** In the order of their names. */
  async list(): Promise<ListedSnap[]> {
    const [snaps, facts, releases] = await Promise.all([
      this.snaps.all(),
      this.revisions.allFacts(),
      this.releases.newestOfAll(),
    ]);
    const factsOf = bySnap(facts);
    const releasesOf = bySnap(releases);
    const publishers = new Map<string, ListedSnap['publisher']>();
    for (const { publisherId } of snaps) {
      if (!publishers.has(publisherId)) publishers.set(publisherId, await this.publisher(publisherId));
    }
    return snaps.map(({ name, snapId, publisherId }) => {
      const own = factsOf.get(snapId) ?? [];
      return {
        name,
        snapId,
        stores: ['ubuntu'],
        publisher: publishers.get(publisherId) ?? { id: publisherId, username: publisherId, displayName: publisherId },
        revisions: own.map(({ revision }) => revision),
        sizeBytes: own.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0),
        channels: [...new Set(openOnes(releasesOf.get(snapId) ?? [], own).map(({ channel }) => channel))].sort(),
      };
    });
  }

  /**
   * Newest first.
   * @throws SnapNotHeldError
   */
  async revisionsOf(name: string): Promise<HeldRevisionLine[]> {
    const snap = await this.snaps.byName(name);
    if (snap === null) throw new SnapNotHeldError(name);
    const [facts, releases] = await Promise.all([
      this.revisions.factsOf(snap.snapId),
      this.releases.newest(snap.snapId),
    ]);
    const open = openOnes(releases, facts);
    const shelf = await this.components.shelf(snap.snapId);
    return facts.map((fact) => ({
      revision: fact.revision,
      version: fact.version,
      architectures: fact.architectures,
      base: fact.base,
      type: fact.type,
      confinement: fact.confinement,
      sizeBytes: Number(fact.sizeBytes),
      sha3_384: fact.sha3_384,
      channels: open
        .filter(({ revision }) => revision === fact.revision)
        .map(({ channel, architecture }) => ({ channel, architecture })),
      components: shelf.of(fact.revision).map((component) => ({ name: component.name, revision: component.revision })),
      createdAt: fact.createdAt,
      addedAt: fact.addedAt,
    }));
  }

  holdings(): Promise<Holdings> {
    return this.revisions.holdings();
  }

  private async publisher(accountId: string): Promise<ListedSnap['publisher']> {
    const account = await this.assertions.find(assertionRef('account', [accountId]));
    const { id, username, 'display-name': displayName } = publisherOf(accountId, account);
    return { id, username, displayName };
  }
}

/** What is written last for a channel, as far as it opens it. */
function openOnes<R extends ReleaseRow>(releases: readonly R[], facts: readonly RevisionFacts[]): R[] {
  const held = new Set(facts.map(({ revision }) => revision));
  return releases.filter(({ revision }) => revision !== null && held.has(revision));
}
