import type { Sha3_384 } from '../../kernel/digest.js';
import type { AssumedComponent, AssumedRevision, BundleManifest } from './manifest.js';

/** What a store holds, as far as it is known on the other side of the gap: by its inventory, or by a bundle that it has imported. */
export interface Holdings {
  /** The file that says so, for messages. */
  readonly source: string;
  readonly revisions: readonly AssumedRevision[];
  readonly components: readonly AssumedComponent[];
  readonly media: readonly Sha3_384[];
}

/** What a store holds once it has imported a bundle: what the bundle carries, and what it assumes. */
export function holdingsOfBundle(source: string, { snaps, media, assumes }: BundleManifest): Holdings {
  return {
    source,
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
  };
}
