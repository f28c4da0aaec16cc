const MiB = 1024 * 1024;

/** What an inventory may hold at most; part of the format (docs/inventory-format.md). */
export const INVENTORY_LIMITS = {
  /** The whole file. */
  bytes: 64 * MiB,
  depth: 16,
  /** JSON values of any kind. */
  values: 4_000_000,
  signatureBytes: 4096,
  snaps: 20_000,
  revisionsPerSnap: 10_000,
  componentsPerSnap: 10_000,
  channelMapEntriesPerSnap: 20_000,
  media: 50_000,
  fileBytes: 256 * 1024 * MiB,
} as const;

export type InventoryLimits = { readonly [Limit in keyof typeof INVENTORY_LIMITS]: number };
