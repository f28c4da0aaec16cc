import type { SnapArchitecture } from '../../kernel/architecture.js';
import type { Channel } from '../../kernel/channel.js';
import type { Sha3_384 } from '../../kernel/digest.js';
import type { AssumedComponent, AssumedRevision, BundleManifest } from './manifest.js';

/** What a store holds, as far as it is known on the other side of the gap: by its inventory, or by a bundle that it has imported. */
export interface Holdings {
  /** The file that says so, for messages. */
  readonly source: string;
  /** RFC 3339: of several that tell of a channel, the newest is right. */
  readonly created: string;
  readonly revisions: readonly AssumedRevision[];
  readonly components: readonly AssumedComponent[];
  readonly media: readonly Sha3_384[];
  /** What is released where. A channel that is not in it may be open all the same. */
  readonly releases: readonly HeldRelease[];
}

export interface HeldRelease {
  readonly snapId: string;
  readonly architecture: SnapArchitecture;
  readonly channel: Channel;
  readonly revision: number;
}

/** What a store holds once it has imported a bundle: what the bundle carries and assumes, released as an import without flags does. */
export function holdingsOfBundle(source: string, { created, snaps, media, assumes }: BundleManifest): Holdings {
  return {
    source,
    created,
    revisions: [
      ...snaps.flatMap(({ snapId, name, revisions }) =>
        revisions.map(({ revision, digest }) => ({ snapId, name, revision, digest })),
      ),
      ...assumes.revisions,
    ],
    components: [
      ...snaps.flatMap(({ snapId, components }) =>
        components.map(({ name, revision, digest }) => ({ snapId, name, revision, digest })),
      ),
      ...assumes.components,
    ],
    media: [...media.map(({ digest }) => digest), ...assumes.media],
    releases: snaps.flatMap(({ snapId, channelMap }) =>
      channelMap
        .filter(({ requested }) => requested)
        .map(({ architecture, channel, revision }) => ({ snapId, architecture, channel, revision })),
    ),
  };
}
