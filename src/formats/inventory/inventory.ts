import type { SnapArchitecture } from '../../kernel/architecture.js';
import type { Channel } from '../../kernel/channel.js';
import type { Sha3_384 } from '../../kernel/digest.js';
import type { Holdings } from '../bundle/index.js';

/** `type` in an inventory: what its signature is for, so that no other signed file of ours can pass for one. */
export const INVENTORY_TYPE = 'store-inventory';

/** The versions of the format that this program reads; it writes the last. */
export const INVENTORY_FORMATS = [1] as const;

/**
 * What a store holds in sound files, carried out of the gap so that the other side knows what need not be carried in. Sizes are
 * bytes. Specified in docs/inventory-format.md.
 */
export interface StoreInventory {
  readonly format: (typeof INVENTORY_FORMATS)[number];
  /** RFC 3339 in UTC, whole seconds. */
  readonly created: string;
  readonly tool: { readonly name: string; readonly version: string };
  /** Null where the store has none. */
  readonly storeId: string | null;
  readonly snaps: readonly InventorySnap[];
  readonly media: readonly InventoryMedia[];
}

export interface InventorySnap {
  readonly snapId: string;
  readonly name: string;
  readonly defaultTrack: string | null;
  /** The open channels; every revision in it is among `revisions`. */
  readonly channelMap: readonly InventoryRelease[];
  readonly revisions: readonly InventoryRevision[];
  readonly components: readonly InventoryComponent[];
}

export interface InventoryRelease {
  readonly architecture: SnapArchitecture;
  readonly channel: Channel;
  readonly revision: number;
  /** RFC 3339. */
  readonly releasedAt: string | null;
}

export interface InventoryRevision {
  readonly revision: number;
  readonly digest: Sha3_384;
  readonly size: number;
  readonly version: string;
  readonly architectures: readonly SnapArchitecture[];
  /** The component revisions that go with it, each among the snap's `components`. */
  readonly components: readonly { readonly name: string; readonly revision: number }[];
}

export interface InventoryComponent {
  readonly name: string;
  readonly revision: number;
  readonly digest: Sha3_384;
  readonly size: number;
}

export interface InventoryMedia {
  readonly digest: Sha3_384;
  readonly size: number;
}

/** What the store that wrote the inventory holds. @param source the inventory's file, for messages */
export function holdingsOfInventory(source: string, { created, snaps, media }: StoreInventory): Holdings {
  return {
    source,
    created,
    revisions: snaps.flatMap(({ snapId, name, revisions }) =>
      revisions.map(({ revision, digest }) => ({ snapId, name, revision, digest })),
    ),
    components: snaps.flatMap(({ snapId, components }) =>
      components.map(({ name, revision, digest }) => ({ snapId, name, revision, digest })),
    ),
    media: media.map(({ digest }) => digest),
    releases: snaps.flatMap(({ snapId, channelMap }) =>
      channelMap.map(({ architecture, channel, revision }) => ({ snapId, architecture, channel, revision })),
    ),
  };
}
