import type { ChannelMove } from './channel-move.js';
import type { ReleaseOrigin } from './entities/release.entity.js';
import { EVERY_ARCHITECTURE, inForce, isLater, type ReleaseRow } from './releases-in-force.js';

/** A line of a channel map that is to be applied. */
export interface ReleaseRequest {
  /** A device architecture, or `all`. */
  readonly architecture: string;
  /** `track/risk[/branch]`, never abbreviated. */
  readonly channel: string;
  readonly revision: number;
  readonly releasedAt: Date;
}

export interface ReleaseOptions {
  readonly origin: ReleaseOrigin;
  /** Whether channels that the requests do not name are closed, and releases made by hand give way whatever they hold. */
  readonly replaceMap?: boolean;
  /** The import that asks for it, for the history. */
  readonly importId?: string | null;
}

/** A row to write. */
export type PlannedRelease = Pick<ReleaseRow, 'architecture' | 'channel' | 'revision' | 'origin'> & {
  readonly releasedAt?: Date;
};

export interface ReleasePlan {
  readonly rows: readonly PlannedRelease[];
  readonly moves: readonly ChannelMove[];
}

/**
 * What applying a channel map writes. An import does not undo an operator: a release made by hand stays where it holds a
 * higher revision. What is in force already is not written again.
 * @param newest at most one row for each architecture and channel
 */
export function planReleases(
  name: string,
  newest: readonly ReleaseRow[],
  requests: readonly ReleaseRequest[],
  options: ReleaseOptions,
): ReleasePlan {
  const closed = options.replaceMap === true ? newest.filter((row) => !isNamed(row, requests)) : [];
  const remaining = newest.filter((row) => !closed.includes(row));
  // Closings come first, so that closing a channel for all architectures leaves open what a request opens for one.
  const rows: PlannedRelease[] = closed.map(({ architecture, channel }) => {
    return { architecture, channel, revision: null, origin: options.origin };
  });
  const moves: ChannelMove[] = closed.map(({ architecture, channel, revision: from }) => {
    return { name, architecture, channel, from, to: null, outcome: 'moved' };
  });
  for (const request of requests) {
    const { architecture, channel, revision } = request;
    const current = inForce(remaining, architecture, channel);
    const from = inForce(newest, architecture, channel)?.revision ?? null;
    const move = (outcome: ChannelMove['outcome']): ChannelMove => {
      return { name, architecture, channel, from, to: outcome === 'kept' ? from : revision, outcome };
    };
    if (current !== undefined && staysByHand(current, request, options)) {
      moves.push(move('kept'));
      continue;
    }
    const narrower = architecture === EVERY_ARCHITECTURE ? laterNarrowRows(remaining, channel, current) : [];
    const kept = narrower.filter((row) => staysByHand(row, request, options));
    const isThere =
      current?.revision === revision && narrower.every((row) => row.revision === revision || kept.includes(row));
    if (isThere) {
      moves.push(move('unchanged'));
    } else {
      rows.push({ architecture, channel, revision, origin: options.origin, releasedAt: request.releasedAt });
      moves.push(move('moved'));
      // A row for all architectures is the newest for each of them, so those that stay are said again.
      rows.push(...kept.map((row) => pick(row)));
    }
    moves.push(
      ...kept.map((row) => ({
        name,
        architecture: row.architecture,
        channel,
        from: row.revision,
        to: row.revision,
        outcome: 'kept' as const,
      })),
    );
  }
  return { rows, moves };
}

/** Whether the requests say what becomes of an open channel; a closed one stays closed anyway. */
function isNamed(row: ReleaseRow, requests: readonly ReleaseRequest[]): boolean {
  return (
    row.revision === null ||
    requests.some(
      ({ architecture, channel }) =>
        channel === row.channel && (architecture === row.architecture || architecture === EVERY_ARCHITECTURE),
    )
  );
}

function staysByHand(row: ReleaseRow, request: ReleaseRequest, options: ReleaseOptions): boolean {
  return (
    options.origin === 'import' &&
    options.replaceMap !== true &&
    row.origin === 'hand' &&
    row.revision !== null &&
    row.revision > request.revision
  );
}

/** The rows of single architectures that a device sees instead of the one for all. */
function laterNarrowRows(newest: readonly ReleaseRow[], channel: string, forAll: ReleaseRow | undefined): ReleaseRow[] {
  return newest.filter(
    (row) =>
      row.channel === channel &&
      row.architecture !== EVERY_ARCHITECTURE &&
      (forAll === undefined || isLater(row, forAll)),
  );
}

function pick({ architecture, channel, revision, origin, releasedAt }: ReleaseRow): PlannedRelease {
  return { architecture, channel, revision, origin, releasedAt };
}
