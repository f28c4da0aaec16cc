import type { ReleaseOrigin } from './entities/release.entity.js';

/** The newest decision about a channel on an architecture. */
export interface ReleaseRow {
  readonly id: string;
  readonly architecture: string;
  /** `track/risk[/branch]`, never abbreviated. */
  readonly channel: string;
  /** Null where the channel is closed. */
  readonly revision: number | null;
  readonly origin: ReleaseOrigin;
  readonly releasedAt: Date;
}

/** The architecture under which a release counts for every device. */
export const EVERY_ARCHITECTURE = 'all';

/**
 * Which row a device of this architecture sees on a channel: that of its own architecture or that for all, whichever was
 * written later.
 * @param newest at most one row for each architecture and channel
 */
export function inForce(newest: readonly ReleaseRow[], architecture: string, channel: string): ReleaseRow | undefined {
  let found: ReleaseRow | undefined;
  for (const row of newest) {
    if (row.channel !== channel) continue;
    if (row.architecture !== architecture && row.architecture !== EVERY_ARCHITECTURE) continue;
    if (found === undefined || isLater(row, found)) found = row;
  }
  return found;
}

/** Row ids are bigints in decimal, without leading zeros. */
export function isLater(row: Pick<ReleaseRow, 'id'>, than: Pick<ReleaseRow, 'id'>): boolean {
  return row.id.length === than.id.length ? row.id > than.id : row.id.length > than.id.length;
}
