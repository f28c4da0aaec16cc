import { Channel, DEFAULT_TRACK, RISKS } from '../../../kernel/channel.js';
import { isArchitecture, runsOn } from '../../../kernel/architecture.js';
import type { ReleaseOrigin } from '../entities/release.entity.js';
import { isLater, EVERY_ARCHITECTURE, type ReleaseRow } from '../releases-in-force.js';
import type { ChannelSource } from './catalog-entry.js';

export interface NamedChannel {
  readonly channel: Channel;
  /** `track/risk[/branch]`, never abbreviated. */
  readonly name: string;
}

export interface OpenChannel extends NamedChannel {
  readonly revision: number;
  readonly origin: ReleaseOrigin;
  readonly releasedAt: Date;
  /** The same in RFC 3339, which is dear to write for each answer. */
  readonly releasedAtText: string;
}

const viewsOf = new WeakMap<ChannelSource, Map<string, ChannelView>>();

/** The channels of a snap as a device of one architecture sees them: the open ones. */
export class ChannelView {
  private constructor(private readonly open: ReadonlyMap<string, OpenChannel>) {}

  /** A release of a revision that is not held, or does not run on the architecture, counts as closed. */
  static of(source: ChannelSource, architecture: string): ChannelView {
    // Only for architectures that there are: a client must not be able to fill memory with made-up ones.
    if (!isArchitecture(architecture)) return ChannelView.build(source, architecture);
    let views = viewsOf.get(source);
    if (views === undefined) viewsOf.set(source, (views = new Map<string, ChannelView>()));
    let view = views.get(architecture);
    if (view === undefined) views.set(architecture, (view = ChannelView.build(source, architecture)));
    return view;
  }

  private static build(source: ChannelSource, architecture: string): ChannelView {
    const newest = new Map<string, ReleaseRow>();
    for (const row of source.releases) {
      if (row.architecture !== architecture && row.architecture !== EVERY_ARCHITECTURE) continue;
      const other = newest.get(row.channel);
      if (other === undefined || isLater(row, other)) newest.set(row.channel, row);
    }
    const open = new Map<string, OpenChannel>();
    for (const { channel, revision, origin, releasedAt } of newest.values()) {
      const releasedAtText = releasedAt.toISOString();
      const held = revision === null ? undefined : source.revisions.get(revision);
      if (held === undefined || !runsOn(held.architectures, architecture)) continue;
      open.set(channel, { ...parseChannel(channel), revision: held.revision, origin, releasedAt, releasedAtText });
    }
    return new ChannelView(open);
  }

  /** The channel itself if it is open, else the nearest one that a device on it falls back to. */
  lookUp({ channel, name }: NamedChannel): OpenChannel | null {
    const found = this.open.get(name);
    if (found !== undefined) return found;
    for (const fallback of channel.fallbacks()) {
      const inherited = this.open.get(fallback.toString());
      if (inherited !== undefined) return inherited;
    }
    return null;
  }

  /** The default track first, then the others by name; in each the stable risk first, a risk's branches after it. */
  inOrder(defaultTrack: string | null): OpenChannel[] {
    const first = defaultTrack ?? DEFAULT_TRACK;
    return [...this.open.values()].sort(
      (a, b) =>
        Number(b.channel.track === first) - Number(a.channel.track === first) ||
        compare(a.channel.track, b.channel.track) ||
        RISKS.indexOf(a.channel.risk) - RISKS.indexOf(b.channel.risk) ||
        compare(a.channel.branch ?? '', b.channel.branch ?? ''),
    );
  }
}

/** Every architecture under which something of the snap is released or runs; `all` where it is not told apart. */
export function architecturesOf(source: ChannelSource): string[] {
  const named = new Set([...source.revisions.values()].flatMap(({ architectures }) => architectures));
  for (const { architecture } of source.releases) named.add(architecture);
  const single = [...named].filter((name) => name !== EVERY_ARCHITECTURE).sort(compare);
  return single.length === 0 && named.size > 0 ? [EVERY_ARCHITECTURE] : single;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const MAX_REMEMBERED = 1_000;
const remembered = new Map<string, NamedChannel>();

/** As `Channel.parse`; the few channels that there are are asked for over and over. @throws InvalidChannelError */
export function parseChannel(text: string): NamedChannel {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const channel = Channel.parse(text);
  const named = { channel, name: channel.toString() };
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(text, named);
  return named;
}
