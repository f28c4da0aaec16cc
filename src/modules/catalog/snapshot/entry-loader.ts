import { Injectable } from '@nestjs/common';

import { assertionRef } from '../../../formats/assertion/index.js';
import { defaultTrackOf } from '../default-track.js';
import type { Snap } from '../entities/snap.entity.js';
import { AssertionService } from '../../assertions/index.js';
import { DeltaRepository } from '../deltas/delta.repository.js';
import { ComponentRepository } from '../repositories/component.repository.js';
import { ReleaseRepository } from '../repositories/release.repository.js';
import { type RevisionFacts, RevisionRepository } from '../repositories/revision.repository.js';
import { SnapRepository } from '../repositories/snap.repository.js';
import { curatedCategories } from '../search/curated-categories.js';
import { CurationRepository } from '../search/curation.repository.js';
import type { SnapMetadata } from '../snap-metadata.js';
import {
  type CatalogEntry,
  type ListedRevision,
  pastReleases,
  type Publisher,
  type ReadyRefresh,
} from '../resolution/catalog-entry.js';
import { ANY_FORMAT } from './assertion-cache.js';
import { describeSnap } from './describe-snap.js';
import { picturesOf } from './pictures.js';
import { publisherOf } from './publisher.js';
import { ReadyAnswers } from './ready-answers.js';

/** Reads what devices see of a snap out of the database. */
@Injectable()
export class EntryLoader {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
    private readonly components: ComponentRepository,
    private readonly deltas: DeltaRepository,
    private readonly assertions: AssertionService,
    private readonly curation: CurationRepository,
  ) {}

  async idOf(name: string): Promise<string | null> {
    return (await this.snaps.byName(name))?.snapId ?? null;
  }

  /** Null where the snap is not held, or its declaration has been revoked: an empty snap-name (snapd: asserts/snap_asserts.go). */
  async load(snapId: string): Promise<CatalogEntry | null> {
    const snap = await this.snaps.byId(snapId);
    if (snap === null || (await this.isRevoked(snap))) return null;
    const [facts, releases, publisher, components, deltas, metadata] = await Promise.all([
      this.revisions.factsOf(snapId),
      this.releases.newest(snapId),
      this.publisher(snap.publisherId),
      snap.hasComponents ? this.components.shelf(snapId) : null,
      this.deltas.shelf(snapId),
      this.metadata(snap),
    ]);
    const newest = facts[0];
    const snapYaml = newest === undefined ? '' : await this.snapYaml(snapId, newest.revision);
    const media = picturesOf(snap.metadata, newest?.icon ?? null);
    const description = { ...describeSnap(snapYaml), ...metadata, media };
    const words = JSON.stringify(description).length;
    const refreshBytes = 2_000 + Math.floor((snapYaml.length + words) * 1.25);
    const componentBytes = Math.max(0, ...facts.map(({ revision }) => (components?.of(revision).length ?? 0) * 600));
    return {
      snapId,
      name: snap.name,
      publisher,
      defaultTrack: defaultTrackOf(snap),
      cohortsSince: snap.cohortsSince,
      metadata,
      description,
      revisions: new Map(facts.map((fact) => [fact.revision, listed(fact)])),
      releases,
      components,
      deltas,
      past: hasSeveralEpochs(facts) ? pastReleases(await this.releases.past(snapId)) : [],
      refreshes: new ReadyAnswers(roomFor(refreshBytes, MAX_REFRESH_BYTES)),
      refreshesWithComponents:
        components === null ? NO_ANSWERS : new ReadyAnswers(roomFor(refreshBytes + componentBytes, MAX_REFRESH_BYTES)),
      infos: new ReadyAnswers(roomFor(1_200 + Math.floor(words * 1.5) + releases.length * 1_100, MAX_INFO_BYTES)),
    };
  }

  /** Empty where the revision is not held. */
  async snapYaml(snapId: string, revision: number): Promise<string> {
    return (await this.revisions.find(snapId, revision))?.snapYaml ?? '';
  }

  private async isRevoked(snap: Snap): Promise<boolean> {
    const declaration = await this.assertions.find(assertionRef('snap-declaration', ['16', snap.snapId]), ANY_FORMAT);
    return declaration?.text('snap-name') === '';
  }

  /** With the categories that the operator has put it in. */
  private async metadata({ snapId, metadata }: Snap): Promise<SnapMetadata> {
    const word = (await this.curation.words([snapId]))(snapId);
    if (word.featured === null && word.categories === null) return metadata;
    return { ...metadata, categories: curatedCategories(metadata.categories ?? [], word).categories };
  }

  private async publisher(accountId: string): Promise<Publisher> {
    const account = await this.assertions.find(assertionRef('account', [accountId]), ANY_FORMAT);
    return publisherOf(accountId, account);
  }
}

/** Of a snap without components nobody's answer is kept with them. */
const NO_ANSWERS = new ReadyAnswers<ReadyRefresh>(0);
/** Of each kind, for one snap. */
const MAX_REFRESH_BYTES = 64 * 1024;
const MAX_INFO_BYTES = 1024 * 1024;

/** Two answers of usual size; none of a snap whose words or channels would take the room of many others. */
function roomFor(usualBytes: number, maxBytes: number): number {
  const room = 2 * usualBytes;
  return room > maxBytes ? 0 : room;
}

function listed(fact: RevisionFacts): ListedRevision {
  const {
    snapId,
    revision,
    architectures,
    epoch,
    sha3_384,
    version,
    type,
    base,
    confinement,
    commonIds,
    icon,
    createdAt,
  } = fact;
  const sizeBytes = Number(fact.sizeBytes);
  return {
    file: `${snapId}_${revision}`,
    revision,
    architectures,
    epoch,
    sha3_384,
    sizeBytes,
    version,
    type,
    base,
    confinement,
    commonIds,
    icon,
    createdAt,
  };
}

function hasSeveralEpochs(facts: readonly RevisionFacts[]): boolean {
  return new Set(facts.map(({ epoch }) => JSON.stringify(epoch))).size > 1;
}
