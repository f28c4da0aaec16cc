import { ARCHITECTURES } from '../../kernel/architecture.js';
import { EVERY_ARCHITECTURE, isLater, type ReleaseRow } from './releases-in-force.js';

/** What a channel holds for devices of one architecture, or for all of them. */
export interface OpenRelease {
  readonly architecture: string;
  /** `track/risk[/branch]`, never abbreviated. */
  readonly channel: string;
  readonly revision: number;
  readonly releasedAt: Date;
}

/**
 * The open channels in as few lines as say the same to every device, whatever order they are applied in but that lines for all
 * architectures come first. A release of a revision that is not held counts as closed.
 * @param newest at most one row for each architecture and channel
 */
export function openReleases(newest: readonly ReleaseRow[], held: ReadonlySet<number>): OpenRelease[] {
  const channels = [...new Set(newest.map(({ channel }) => channel))].sort();
  return channels.flatMap((channel) => openOn(channel, newest, held));
}

function openOn(channel: string, newest: readonly ReleaseRow[], held: ReadonlySet<number>): OpenRelease[] {
  const rows = newest.filter((row) => row.channel === channel);
  const forAll = rows.find(({ architecture }) => architecture === EVERY_ARCHITECTURE);
  // What was said of one architecture before something was said of all does not count any more.
  const narrow = rows
    .filter((row) => row !== forAll && (forAll === undefined || isLater(row, forAll)))
    .sort((one, other) => (one.architecture < other.architecture ? -1 : 1));
  const wide = forAll === undefined ? [] : opened(forAll, held);
  const closed = narrow.filter((row) => opened(row, held).length === 0);
  const open = narrow.flatMap((row) => opened(row, held)).filter((line) => !sameAs(line, wide[0]));
  const [everywhere] = wide;
  if (everywhere === undefined || closed.length === 0) return [...wide, ...open];
  // A line for all cannot leave one out, so that the others are named.
  const named = new Set(narrow.map(({ architecture }) => architecture));
  const others = ARCHITECTURES.filter((architecture) => !named.has(architecture)).map((architecture) => {
    return { ...everywhere, architecture };
  });
  const again = narrow.flatMap((row) => opened(row, held));
  return [...others, ...again].sort((one, other) => (one.architecture < other.architecture ? -1 : 1));
}

function opened({ architecture, channel, revision, releasedAt }: ReleaseRow, held: ReadonlySet<number>): OpenRelease[] {
  return revision !== null && held.has(revision) ? [{ architecture, channel, revision, releasedAt }] : [];
}

function sameAs(line: OpenRelease, other: OpenRelease | undefined): boolean {
  return line.revision === other?.revision;
}
