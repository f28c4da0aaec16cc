import type { BundleManifest } from '../../formats/bundle/index.js';
import { Channel } from '../../kernel/channel.js';
import type { ReleaseOptions, ReleaseRequest } from '../catalog/index.js';
import type { ReleaseRule } from './import-report.js';

/** What the operator asked for; without either each revision goes to the channels that it was fetched from. */
export interface ReleaseWish {
  /** All that the file carries goes here, as if released by hand. */
  readonly channel: Channel | null;
  /** The bundle's channel map replaces the one that is there. */
  readonly replaceMap: boolean;
}

/** The wish as reports tell it. */
export function ruleOf({ channel, replaceMap }: ReleaseWish): ReleaseRule {
  if (channel !== null) return { rule: 'channel', channel: channel.toString() };
  return { rule: replaceMap ? 'channel-map' : 'fetched', channel: null };
}

/** A revision of one snap that the file carries. */
export interface CarriedRevision {
  readonly revision: number;
  /** As its snap.yaml says. */
  readonly architectures: readonly string[];
}

export interface SnapReleases {
  readonly requests: readonly ReleaseRequest[];
  readonly options: ReleaseOptions;
}

const PAIR_CHANNEL = Channel.parse('latest/stable').toString();

/**
 * What to release of one snap.
 * @param manifest null for pairs, which do not say where they came from: they go to latest/stable
 */
export function releasesOf(
  snapId: string,
  carried: readonly CarriedRevision[],
  manifest: BundleManifest | null,
  wish: ReleaseWish,
  now: Date,
): SnapReleases {
  if (wish.channel !== null) {
    return { requests: newestPerArchitecture(carried, wish.channel.toString(), now), options: { origin: 'hand' } };
  }
  if (manifest === null) {
    return { requests: newestPerArchitecture(carried, PAIR_CHANNEL, now), options: { origin: 'import' } };
  }
  const map = manifest.snaps.find((snap) => snap.snapId === snapId)?.channelMap ?? [];
  const requests = map
    .filter((entry) => wish.replaceMap || entry.requested)
    .map(({ architecture, channel, revision, releasedAt }) => ({
      architecture,
      channel: channel.toString(),
      revision,
      releasedAt: releasedAt === null ? now : new Date(releasedAt),
    }));
  return { requests, options: { origin: 'import', replaceMap: wish.replaceMap } };
}

/** A channel has one revision on an architecture: of several that are carried, the newest. */
function newestPerArchitecture(carried: readonly CarriedRevision[], channel: string, now: Date): ReleaseRequest[] {
  const newest = new Map<string, number>();
  for (const { revision, architectures } of carried)
    for (const architecture of architectures)
      newest.set(architecture, Math.max(revision, newest.get(architecture) ?? 0));
  return [...newest].map(([architecture, revision]) => ({ architecture, channel, revision, releasedAt: now }));
}
