import {
  type AssumedComponent,
  type AssumedRevision,
  type BundleAssumptions,
  type BundleReason,
  type BundleRelease,
  type Holdings,
  KnownReleases,
} from '../../../formats/bundle/index.js';
import type { SnapArchitecture } from '../../../kernel/architecture.js';
import { Channel } from '../../../kernel/channel.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import type { HeldComponent, HeldSnap, HeldSnapRevision, OpenRelease, SnapMedia } from '../../catalog/index.js';
import type { ChosenSnap } from './chosen-snap.js';
import type { ChosenBundle, ExportSelection } from './export-selection.js';

/** What is to be written: everything is decided, nothing is read yet. */
export interface ExportPlan {
  readonly bundles: readonly PlannedExport[];
  readonly notes: readonly string[];
}

/** One file. */
export interface PlannedExport {
  readonly name: string;
  readonly snaps: readonly PlannedExportSnap[];
  /** The pictures that are carried, each once. */
  readonly media: readonly SnapMedia[];
  readonly assumes: BundleAssumptions;
}

export interface PlannedExportSnap {
  readonly held: HeldSnap;
  readonly reasons: readonly BundleReason[];
  readonly channelMap: readonly BundleRelease[];
  /** Those that are carried. */
  readonly revisions: readonly HeldSnapRevision[];
  /** Those that are carried. */
  readonly components: readonly HeldComponent[];
  /** Which component goes with which revision of the snap, as far as that is news to the other store. */
  readonly pairs: readonly PlannedPair[];
}

export interface PlannedPair {
  readonly component: HeldComponent;
  readonly snapRevision: number;
}

/** Leaves out what the other store holds; a snap of which nothing is new goes as a whole, and so does a file of such snaps. */
export function planExport(selection: ExportSelection, since: readonly Holdings[]): ExportPlan {
  const other = new OtherStore(since);
  const bundles = selection.bundles.map((bundle) => planBundle(bundle, other));
  return {
    bundles: bundles.filter(({ snaps }) => snaps.length > 0),
    notes: [
      ...selection.notes,
      ...bundles.flatMap(({ name, snaps }) =>
        snaps.length > 0 ? [] : [`nothing of ${name} is new to the other store`],
      ),
    ],
  };
}

function planBundle({ name, snaps }: ChosenBundle, other: OtherStore): PlannedExport {
  const changed = snaps.filter((snap) => other.lacksSomethingOf(snap));
  const pictures = picturesOf(changed);
  return {
    name,
    snaps: changed.map((snap) => ({
      held: snap.held,
      reasons: snap.reasons,
      channelMap: snap.releases.map(({ line, isRequested }) => bundleRelease(line, isRequested)),
      revisions: snap.revisions.filter((revision) => !other.holds(snap.held, revision)),
      components: snap.components.filter((component) => !other.holdsComponent(snap.held, component)),
      pairs: pairsOf(snap)
        .filter(({ revision, component }) => {
          return !other.holds(snap.held, revision) || !other.holdsComponent(snap.held, component);
        })
        .map(({ revision, component }) => ({ component, snapRevision: revision.revision })),
    })),
    media: pictures.filter((picture) => !other.holdsPicture(picture)),
    assumes: {
      revisions: changed.flatMap((snap) => assumedRevisionsOf(snap, other)),
      components: changed.flatMap((snap) => assumedComponentsOf(snap, other)),
      media: pictures
        .filter((picture) => other.holdsPicture(picture))
        .map((picture) => Sha3_384.fromHex(picture['sha3-384'])),
    },
  };
}

function assumedRevisionsOf({ held, revisions }: ChosenSnap, other: OtherStore): AssumedRevision[] {
  const { snapId, name } = held;
  return revisions
    .filter((revision) => other.holds(held, revision))
    .map(({ revision, sha3_384 }) => ({ snapId, name, revision, digest: Sha3_384.fromHex(sha3_384) }));
}

function pairsOf({ revisions, components }: ChosenSnap): { revision: HeldSnapRevision; component: HeldComponent }[] {
  return revisions.flatMap((revision) =>
    components
      .filter((component) => {
        return revision.components.some((one) => one.name === component.name && one.revision === component.revision);
      })
      .map((component) => ({ revision, component })),
  );
}

/** Those that carried revisions go with; nobody else speaks of them. */
function assumedComponentsOf(snap: ChosenSnap, other: OtherStore): AssumedComponent[] {
  const { snapId } = snap.held;
  const paired = new Set(
    snap.revisions
      .filter((revision) => !other.holds(snap.held, revision))
      .flatMap(({ components }) => components.map(({ name, revision }) => `${name} ${revision}`)),
  );
  return snap.components
    .filter((component) => other.holdsComponent(snap.held, component))
    .filter(({ name, revision }) => paired.has(`${name} ${revision}`))
    .map(({ name, revision, sha3_384 }) => ({ snapId, name, revision, digest: Sha3_384.fromHex(sha3_384) }));
}

function bundleRelease(
  { architecture, channel, revision, releasedAt }: OpenRelease,
  requested: boolean,
): BundleRelease {
  return {
    architecture: architecture as SnapArchitecture,
    channel: Channel.parse(channel),
    revision,
    releasedAt: releasedAt.toISOString(),
    requested,
  };
}

/** Several snaps may use one picture. */
function picturesOf(snaps: readonly ChosenSnap[]): SnapMedia[] {
  const uses = snaps.flatMap(({ held }) => held.metadata.media ?? []);
  return [...new Map(uses.map((use) => [use['sha3-384'], use])).values()];
}

/** What is known of the store that the bundles go to. */
class OtherStore {
  private readonly files: ReadonlySet<string>;
  private readonly releases: KnownReleases;

  constructor(since: readonly Holdings[]) {
    this.releases = new KnownReleases(since);
    this.files = new Set(
      since.flatMap(({ revisions, components, media }) => [
        ...revisions.map((one) => fileKey(one.snapId, '', one.revision, one.digest.hex)),
        ...components.map((one) => fileKey(one.snapId, one.name, one.revision, one.digest.hex)),
        ...media.map(({ hex }) => hex),
      ]),
    );
  }

  holds({ snapId }: HeldSnap, { revision, sha3_384 }: HeldSnapRevision): boolean {
    return this.files.has(fileKey(snapId, '', revision, sha3_384));
  }

  holdsComponent({ snapId }: HeldSnap, { name, revision, sha3_384 }: HeldComponent): boolean {
    return this.files.has(fileKey(snapId, name, revision, sha3_384));
  }

  holdsPicture(picture: SnapMedia): boolean {
    return this.files.has(picture['sha3-384']);
  }

  lacksSomethingOf({ held, revisions, components, releases }: ChosenSnap): boolean {
    return (
      !revisions.every((revision) => this.holds(held, revision)) ||
      !components.every((component) => this.holdsComponent(held, component)) ||
      !(held.metadata.media ?? []).every((picture) => this.holdsPicture(picture)) ||
      releases.some(({ line, isRequested }) => {
        return isRequested && !this.releases.has({ ...bundleRelease(line, true), snapId: held.snapId });
      })
    );
  }
}

function fileKey(snapId: string, component: string, revision: number, digestHex: string): string {
  return `${snapId} ${component} ${revision} ${digestHex}`;
}
