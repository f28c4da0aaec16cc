import type {
  AssumedRevision,
  BundleAssumptions,
  BundleReason,
  BundleRelease,
  Holdings,
} from '../../../formats/bundle/index.js';
import type { SnapArchitecture } from '../../../kernel/architecture.js';
import { Channel } from '../../../kernel/channel.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import type { HeldSnap, HeldSnapRevision, SnapMedia } from '../../catalog/index.js';
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
      channelMap: snap.releases.map(({ line, isRequested }): BundleRelease => {
        return {
          architecture: line.architecture as SnapArchitecture,
          channel: Channel.parse(line.channel),
          revision: line.revision,
          releasedAt: line.releasedAt.toISOString(),
          requested: isRequested,
        };
      }),
      revisions: snap.revisions.filter((revision) => !other.holds(snap.held, revision)),
    })),
    media: pictures.filter((picture) => !other.holdsPicture(picture)),
    assumes: {
      revisions: changed.flatMap((snap) => assumedRevisionsOf(snap, other)),
      components: [],
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

/** Several snaps may use one picture. */
function picturesOf(snaps: readonly ChosenSnap[]): SnapMedia[] {
  const uses = snaps.flatMap(({ held }) => held.metadata.media ?? []);
  return [...new Map(uses.map((use) => [use['sha3-384'], use])).values()];
}

/** What is known of the store that the bundles go to. */
class OtherStore {
  private readonly revisions: ReadonlySet<string>;
  private readonly media: ReadonlySet<string>;
  /** By channel, what each of the sources says that it holds. */
  private readonly releases = new Map<string, Set<number>>();

  constructor(since: readonly Holdings[]) {
    this.revisions = new Set(
      since.flatMap(({ revisions }) =>
        revisions.map(({ snapId, revision, digest }) => revisionKey(snapId, revision, digest.hex)),
      ),
    );
    this.media = new Set(since.flatMap(({ media }) => media.map(({ hex }) => hex)));
    for (const { snapId, architecture, channel, revision } of since.flatMap(({ releases }) => releases)) {
      const key = releaseKey(snapId, architecture, channel.toString());
      const said = this.releases.get(key) ?? new Set<number>();
      this.releases.set(key, said.add(revision));
    }
  }

  holds({ snapId }: HeldSnap, { revision, sha3_384 }: HeldSnapRevision): boolean {
    return this.revisions.has(revisionKey(snapId, revision, sha3_384));
  }

  holdsPicture(picture: SnapMedia): boolean {
    return this.media.has(picture['sha3-384']);
  }

  /** A channel counts as unchanged only where all that is known of it says the same. */
  lacksSomethingOf({ held, revisions, releases }: ChosenSnap): boolean {
    if (!revisions.every((revision) => this.holds(held, revision))) return true;
    if (!(held.metadata.media ?? []).every((picture) => this.holdsPicture(picture))) return true;
    return releases.some(({ line, isRequested }) => {
      const said = this.releases.get(releaseKey(held.snapId, line.architecture, line.channel));
      return isRequested && !(said?.size === 1 && said.has(line.revision));
    });
  }
}

function revisionKey(snapId: string, revision: number, digestHex: string): string {
  return `${snapId} ${revision} ${digestHex}`;
}

function releaseKey(snapId: string, architecture: string, channel: string): string {
  return `${snapId} ${architecture} ${channel}`;
}
