import type { HeldRelease, Holdings } from './holdings.js';

/** A line that counts for devices of every architecture. */
const ALL = 'all';

/** What a store has released where, by all that tells of it: of several that speak of a channel, the newest counts. */
export class KnownReleases {
  /** By snap and channel, the revision for each architecture. */
  private readonly channels = new Map<string, Map<string, number>>();

  constructor(holdings: readonly Holdings[]) {
    const oldestFirst = [...holdings].sort((one, other) => Date.parse(one.created) - Date.parse(other.created));
    for (const { releases } of oldestFirst) {
      // Beside a line for all, one for an architecture counts only if the same source has it.
      for (const line of releases) if (line.architecture === ALL) this.channels.set(keyOf(line), new Map());
      for (const line of releases) this.on(line).set(line.architecture, line.revision);
    }
  }

  /** Whether the devices that it is for have this revision on the channel already. */
  has(release: HeldRelease): boolean {
    const lines = this.channels.get(keyOf(release));
    if (lines === undefined) return false;
    if (release.architecture === ALL) {
      return lines.has(ALL) && [...lines.values()].every((revision) => revision === release.revision);
    }
    return (lines.get(release.architecture) ?? lines.get(ALL)) === release.revision;
  }

  private on(line: HeldRelease): Map<string, number> {
    const lines = this.channels.get(keyOf(line)) ?? new Map<string, number>();
    this.channels.set(keyOf(line), lines);
    return lines;
  }
}

function keyOf({ snapId, channel }: HeldRelease): string {
  return `${snapId} ${channel.toString()}`;
}
