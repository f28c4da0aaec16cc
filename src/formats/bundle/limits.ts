const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/**
 * What a bundle may hold at most. Generous for what operators carry, small enough that a hostile file costs little before
 * it is refused. They are part of the format (docs/bundle-format.md): a writer keeps to them too.
 */
export interface BundleLimits {
  readonly manifestBytes: number;
  readonly manifestDepth: number;
  /** Values of any kind in bundle.json: bounds what parsing costs, which the number of bytes alone does not. */
  readonly manifestValues: number;
  readonly signatureBytes: number;
  readonly assertionFiles: number;
  readonly assertionFileBytes: number;
  readonly snaps: number;
  readonly revisionsPerSnap: number;
  readonly componentsPerSnap: number;
  readonly channelMapEntriesPerSnap: number;
  readonly snapBytes: number;
  readonly componentBytes: number;
  readonly mediaFiles: number;
  readonly mediaBytes: number;
  /** All members together. */
  readonly totalBytes: number;
  /** Entries in a tarball of unknown layout; a bundle of ours may hold exactly what it declares. */
  readonly looseEntries: number;
  /** Unpacked bytes a tarball of unknown layout may have for each packed one, beyond the first 64 MiB. */
  readonly looseRatio: number;
}

export const BUNDLE_LIMITS: BundleLimits = {
  manifestBytes: 16 * MiB,
  manifestDepth: 16,
  manifestValues: 1_000_000,
  signatureBytes: 4 * KiB,
  assertionFiles: 20_000,
  assertionFileBytes: 8 * MiB,
  snaps: 20_000,
  revisionsPerSnap: 10_000,
  componentsPerSnap: 10_000,
  channelMapEntriesPerSnap: 20_000,
  snapBytes: 256 * GiB,
  componentBytes: 256 * GiB,
  mediaFiles: 50_000,
  mediaBytes: 16 * MiB,
  totalBytes: 16 * 1024 * GiB,
  looseEntries: 100_000,
  looseRatio: 100,
};
