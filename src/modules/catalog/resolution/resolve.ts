import { runsOn } from '../../../kernel/architecture.js';
import { Channel } from '../../../kernel/channel.js';
import { canRead, type Epoch } from '../../../kernel/epoch.js';
import { EVERY_ARCHITECTURE, inForce } from '../releases-in-force.js';
import type { ChannelSource } from './catalog-entry.js';
import { architecturesOf, ChannelView, type NamedChannel, type OpenChannel, parseChannel } from './channel-view.js';

/** What a device has of the snap now. */
export interface InstalledSnap {
  readonly revision: number;
  /** As the device wrote it. */
  readonly trackingChannel: string;
  /** Null where the device did not say. */
  readonly epoch: Epoch | null;
}

/** What a device asks for; what it does not say is null. */
export interface Wish {
  readonly architecture: string;
  /** As the device wrote it: a channel without a track may mean the default one. */
  readonly channel: string | null;
  /** Wins over the channel. */
  readonly revision: number | null;
  /** Data that the revision must be able to read. */
  readonly epoch: Epoch | null;
  /** Whether it goes to where it has not been, a cohort, rather than along its channel: then it may go back too. */
  readonly mayGoBack: boolean;
}

export interface ReleaseThere {
  readonly architecture: string;
  readonly channel: string;
}

export type Resolution =
  | {
      readonly found: true;
      /** The device has something newer than the store would give it: it keeps that, whether it is held or not. */
      readonly keepsInstalled: boolean;
      readonly revision: number;
      /** Where the revision is released for this device, in full; null where it was asked for by number alone. */
      readonly effectiveChannel: string | null;
      /** The channel on the default track that the device is to follow from now on, in full. */
      readonly redirectChannel: string | null;
      /** RFC 3339. */
      readonly releasedAt: string | null;
    }
  | { readonly found: false; readonly releases: readonly ReleaseThere[] };

/** Which revision a device without the snap gets, to install it or to download it. @throws InvalidChannelError */
export function resolveInstall(source: ChannelSource, wish: Wish): Resolution {
  if (wish.revision !== null) return byRevision(source, wish, wish.revision);
  const { channel, redirectChannel } = channelToInstall(source, wish);
  return byChannel(source, wish, channel, redirectChannel);
}

/**
 * Which revision a device with the snap gets. A refresh along the channel that it follows does not take it back: it may have
 * been installed, or refreshed, where more was there than has been carried here, and bundles may come in any order. Asking for
 * another channel or for a revision does; so does an operator who releases an older revision by hand, or closes the channel, while
 * the newer one is held, which is how a bad revision is taken back.
 * @throws InvalidChannelError
 */
export function resolveRefresh(source: ChannelSource, wish: Wish, installed: InstalledSnap): Resolution {
  if (wish.revision !== null) {
    const resolved = byRevision(source, wish, wish.revision);
    return !resolved.found && wish.revision === installed.revision ? kept(wish.revision, null) : resolved;
  }
  const tracking = parseChannel(installed.trackingChannel);
  const channel = wish.channel === null ? tracking : parseChannel(wish.channel);
  const resolved = byChannel(source, { ...wish, epoch: wish.epoch ?? installed.epoch }, channel, null);
  const follows = channel.name === tracking.name && !wish.mayGoBack;
  const open = follows ? ChannelView.of(source, wish.architecture).lookUp(channel) : null;
  if (open === null) return resolved;
  const isOlder =
    resolved.found &&
    resolved.revision < installed.revision &&
    !(source.revisions.has(installed.revision) && isByHand(source, wish.architecture, channel, open));
  // What is there is older, or could not read the device's data.
  return isOlder || !resolved.found ? kept(installed.revision, open.name) : resolved;
}

/** Whether an operator decided that a device on the channel gets what is open: put it there, or closed what is nearer. */
function isByHand(source: ChannelSource, architecture: string, asked: NamedChannel, open: OpenChannel): boolean {
  if (open.origin === 'hand') return true;
  for (const name of [asked.name, ...asked.channel.fallbacks().map(String)]) {
    if (name === open.name) return false;
    if (inForce(source.releases, architecture, name)?.origin === 'hand') return true;
  }
  return false;
}

/**
 * As above, but to one revision, whatever the channel holds: the only one that goes. The channel is still the one that the device
 * follows from then on.
 * @param installed null for a device without the snap
 * @throws InvalidChannelError
 */
export function resolvePinned(
  source: ChannelSource,
  wish: Wish,
  revision: number,
  installed: InstalledSnap | null,
): Resolution {
  const { channel, redirectChannel } =
    installed === null
      ? channelToInstall(source, wish)
      : { channel: parseChannel(wish.channel ?? installed.trackingChannel), redirectChannel: null };
  const resolved = byRevision(source, { ...wish, channel: channel.name }, revision);
  if (resolved.found) return { ...resolved, redirectChannel };
  // Which channels there are does not matter: none of them has it.
  return installed?.revision === revision ? kept(revision, channel.name) : { found: false, releases: [] };
}

/** A channel without a track is on the default one, where the device is told to stay. */
function channelToInstall(
  source: ChannelSource,
  wish: Wish,
): { readonly channel: NamedChannel; readonly redirectChannel: string | null } {
  const text = wish.channel ?? 'stable';
  const asked = parseChannel(text);
  if (source.defaultTrack === null) return { channel: asked, redirectChannel: null };
  const channel = Channel.parseWithDefaultTrack(text, source.defaultTrack);
  const name = channel.toString();
  return { channel: { channel, name }, redirectChannel: name === asked.name ? null : name };
}

function kept(revision: number, effectiveChannel: string | null): Resolution {
  return {
    found: true,
    keepsInstalled: true,
    revision,
    effectiveChannel,
    redirectChannel: null,
    releasedAt: null,
  };
}

function byRevision(source: ChannelSource, wish: Wish, revision: number): Resolution {
  const held = source.revisions.get(revision);
  if (held === undefined || !runsOn(held.architectures, wish.architecture)) return notFound(source);
  return {
    found: true,
    keepsInstalled: false,
    revision,
    effectiveChannel: wish.channel === null ? null : parseChannel(wish.channel).name,
    redirectChannel: null,
    releasedAt: null,
  };
}

function byChannel(
  source: ChannelSource,
  wish: Wish,
  channel: NamedChannel,
  redirectChannel: string | null,
): Resolution {
  const open = ChannelView.of(source, wish.architecture).lookUp(channel);
  if (open === null) return notFound(source);
  const revision = readable(source, wish, open);
  if (revision === null) return notFound(source);
  return {
    found: true,
    keepsInstalled: false,
    revision,
    effectiveChannel: open.name,
    redirectChannel,
    releasedAt: revision === open.revision ? open.releasedAtText : null,
  };
}

/**
 * The released revision, if it can read the device's data; else the newest that was on this channel before and can, which is
 * the step in between (snapd: snap/epoch.go tells how epochs are climbed).
 */
function readable(source: ChannelSource, wish: Wish, { name, revision: released }: OpenChannel): number | null {
  const { epoch, architecture } = wish;
  const first = source.revisions.get(released);
  if (epoch === null || (first !== undefined && canRead(first.epoch, epoch))) return released;
  const isReadable = (revision: number): boolean => {
    const held = source.revisions.get(revision);
    return held !== undefined && runsOn(held.architectures, architecture) && canRead(held.epoch, epoch);
  };
  const steps = source.past.filter(
    (past) =>
      past.channel === name &&
      (past.architecture === architecture || past.architecture === EVERY_ARCHITECTURE) &&
      past.revision < released &&
      isReadable(past.revision),
  );
  return steps.length === 0 ? null : Math.max(...steps.map(({ revision }) => revision));
}

/** snapd tells the user from this whether it is the channel or the architecture that is missing (daemon/errors.go). */
function notFound(source: ChannelSource): Resolution {
  const releases = architecturesOf(source).flatMap((architecture) =>
    ChannelView.of(source, architecture)
      .inOrder(source.defaultTrack)
      .map(({ name }) => ({ architecture, channel: name })),
  );
  return { found: false, releases };
}
