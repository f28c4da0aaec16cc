import { Channel, DEFAULT_TRACK } from '../../../kernel/channel.js';
import { EVERY_ARCHITECTURE } from '../releases-in-force.js';
import type { ChannelSource } from '../resolution/catalog-entry.js';
import { architecturesOf, ChannelView, parseChannel } from '../resolution/channel-view.js';
import type { FindQuestion } from './find-question.js';

/** A revision as far as a list of found snaps tells of it. */
export interface OfferedRevision {
  readonly version: string;
  readonly type: string;
  readonly confinement: string;
  readonly base: string | null;
  readonly commonIds: readonly string[];
  readonly architectures: readonly string[];
  readonly sizeBytes: number;
  /** In RFC 3339. */
  readonly createdAt: string;
}

/** An open channel: its full name and the revision that it holds. */
export type Offer = readonly [channel: string, revision: number];

/** What of a snap is to be had: by architecture, in the order in which `snap info` shows it. Never changes. */
export interface Offers {
  /** Null means `latest`. */
  readonly defaultTrack: string | null;
  /** `all` counts for every architecture that is not in it by itself. */
  readonly byArchitecture: Readonly<Record<string, readonly Offer[]>>;
  /** By number: those that are on a channel. */
  readonly revisions: Readonly<Record<string, OfferedRevision>>;
}

/** What a device would get, and the channel that it comes from as snapd shows it: `edge`, `2.0/stable`. */
export interface FoundOffer {
  readonly channel: string;
  readonly revision: number;
  readonly offered: OfferedRevision;
}

interface OfferSource extends ChannelSource {
  readonly revisions: ReadonlyMap<
    number,
    ChannelSource['revisions'] extends ReadonlyMap<number, infer R>
      ? R & Omit<OfferedRevision, 'createdAt'> & { readonly createdAt: Date }
      : never
  >;
}

/** Branches are left out: they are for whoever was told of them. */
export function offersOf(source: OfferSource): Offers {
  const architectures = new Set(architecturesOf(source));
  if (isForAll(source)) architectures.add(EVERY_ARCHITECTURE);
  const byArchitecture: Record<string, Offer[]> = {};
  const revisions: Record<string, OfferedRevision> = {};
  for (const architecture of architectures) {
    const open = ChannelView.of(source, architecture)
      .inOrder(source.defaultTrack)
      .filter(({ channel }) => channel.branch === null);
    byArchitecture[architecture] = open.map(({ name, revision }) => [name, revision]);
    for (const { revision } of open) {
      const held = source.revisions.get(revision);
      if (held === undefined) throw new Error(`revision ${revision} is released but not held`);
      const { version, type, confinement, base, commonIds, sizeBytes, createdAt } = held;
      revisions[revision] = {
        version,
        type,
        confinement,
        base,
        commonIds: [...commonIds],
        architectures: [...held.architectures],
        sizeBytes,
        createdAt: createdAt.toISOString(),
      };
    }
  }
  return { defaultTrack: source.defaultTrack, byArchitecture, revisions };
}

/**
 * What of a snap answers the question: from the channel that it names, or a safer risk of it that is open instead; where it names
 * none, from the first that there is, the safest of the default track. Null where nothing of it is for such a device.
 */
export function offerFor(
  offers: Offers,
  question: Pick<FindQuestion, 'architecture' | 'confinements' | 'channel' | 'commonId'>,
): FoundOffer | null {
  for (const open of listsFor(offers, question.architecture)) {
    for (const [name, revision] of question.channel === null ? open : onChannel(offers, open, question.channel)) {
      const offered = offers.revisions[revision];
      if (offered !== undefined && isWanted(offered, question)) {
        const { channel } = parseChannel(name);
        return { channel: channel.track === DEFAULT_TRACK ? channel.risk : name, revision, offered };
      }
    }
  }
  return null;
}

function isWanted(
  { confinement, commonIds }: OfferedRevision,
  question: Pick<FindQuestion, 'confinements' | 'commonId'>,
): boolean {
  if (question.confinements?.includes(confinement) === false) return false;
  return question.commonId === null || commonIds.includes(question.commonId);
}

function listsFor({ byArchitecture }: Offers, architecture: string | null): readonly (readonly Offer[])[] {
  if (architecture === null) return Object.values(byArchitecture);
  const own = Object.hasOwn(byArchitecture, architecture) ? byArchitecture[architecture] : undefined;
  const list = own ?? byArchitecture[EVERY_ARCHITECTURE];
  return list === undefined ? [] : [list];
}

function onChannel({ defaultTrack }: Offers, open: readonly Offer[], asked: string): readonly Offer[] {
  const channel = Channel.parseWithDefaultTrack(asked, defaultTrack ?? DEFAULT_TRACK);
  for (const candidate of [channel, ...channel.fallbacks()].map(String)) {
    const found = open.find(([name]) => name === candidate);
    if (found !== undefined) return [found];
  }
  return [];
}

function isForAll({ revisions, releases }: ChannelSource): boolean {
  return (
    releases.some(({ architecture }) => architecture === EVERY_ARCHITECTURE) &&
    [...revisions.values()].some(({ architectures }) => architectures.includes(EVERY_ARCHITECTURE))
  );
}
