import type { InventoryComponent, InventorySnap, StoreInventory } from '../../../formats/inventory/index.js';
import { type Architecture, isArchitecture } from '../../../kernel/architecture.js';
import type { Channel } from '../../../kernel/channel.js';
import type { StoreAnswer, StoreRevision } from '../../upstream/index.js';

/** A channel that the store holds, for devices of one architecture. */
export interface HeldChannel {
  readonly snap: InventorySnap;
  readonly architecture: Architecture;
  readonly channel: Channel;
  readonly revision: number;
}

/**
 * How a channel differs upstream: another revision, a higher or a lower one; the same revision with other components; nothing there
 * any more, so that devices get what a safer risk holds; the snap is not there at all, or not for whoever asks.
 */
export type UpdateKind = 'newer' | 'older' | 'components' | 'closed' | 'gone';

/** A channel that is not upstream what the store holds. */
export interface ChannelUpdate {
  readonly name: string;
  readonly snapId: string;
  readonly architecture: Architecture;
  /** In full. */
  readonly channel: string;
  readonly kind: UpdateKind;
  readonly held: { readonly revision: number; readonly version: string };
  /** Null where nothing is there. */
  readonly upstream: UpstreamChannel | null;
}

export interface UpstreamChannel {
  readonly revision: number;
  readonly version: string;
  /** RFC 3339 as the store writes it. */
  readonly releasedAt: string | null;
  readonly sizeBytes: number;
  /** The store has this revision, under another channel or none. */
  readonly isHeld: boolean;
  /** Of the components that the store holds, those that are other ones upstream. */
  readonly components: readonly { readonly name: string; readonly revision: number; readonly sizeBytes: number }[];
}

export interface UpdateReport {
  /** By name, architecture and channel. */
  readonly updates: readonly ChannelUpdate[];
  /** How many channels are upstream as they are held. */
  readonly unchanged: number;
  /** Of all files that the store does not hold, each once. */
  readonly sizeBytes: number;
}

/**
 * What to ask for: every open channel of the inventory. One for all architectures is asked for on each that the store serves.
 * @param otherwise where nothing in the inventory is for a single architecture
 */
export function heldChannels({ snaps }: StoreInventory, otherwise: Architecture): HeldChannel[] {
  const served = new Set(snaps.flatMap(servedBy));
  const all = served.size > 0 ? [...served].sort() : [otherwise];
  return snaps.flatMap((snap) => {
    const narrow = new Set(snap.channelMap.map(({ architecture, channel }) => `${architecture} ${channel.toString()}`));
    return snap.channelMap.flatMap(({ architecture, channel, revision }) => {
      // A line for one architecture stands beside that for all, and counts there.
      const meant = isArchitecture(architecture)
        ? [architecture]
        : all.filter((one) => !narrow.has(`${one} ${channel.toString()}`));
      return meant.map((one): HeldChannel => ({ snap, architecture: one, channel, revision }));
    });
  });
}

function servedBy({ channelMap, revisions }: InventorySnap): Architecture[] {
  const named = [
    ...channelMap.map(({ architecture }) => architecture),
    ...revisions.flatMap((one) => one.architectures),
  ];
  return named.filter(isArchitecture);
}

/** @param answers what the online store said to each of the channels, in order */
export function compareChannels(held: readonly HeldChannel[], answers: readonly StoreAnswer[]): UpdateReport {
  const updates: ChannelUpdate[] = [];
  const missing = new Map<string, number>();
  for (const [index, channel] of held.entries()) {
    const answer = answers[index];
    if (answer === undefined) throw new Error('there are fewer answers than questions');
    const update = compare(channel, answer);
    if (update === null) continue;
    updates.push(update);
    for (const [file, sizeBytes] of missingFiles(update)) missing.set(file, sizeBytes);
  }
  return {
    updates: updates.sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1)),
    unchanged: held.length - updates.length,
    sizeBytes: [...missing.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0),
  };
}

function compare({ snap, architecture, channel, revision }: HeldChannel, answer: StoreAnswer): ChannelUpdate | null {
  const version = snap.revisions.find((one) => one.revision === revision)?.version ?? '';
  const common = { name: snap.name, snapId: snap.snapId, architecture, channel: channel.toString() };
  const difference = (kind: UpdateKind, upstream: UpstreamChannel | null): ChannelUpdate => {
    return { ...common, kind, held: { revision, version }, upstream };
  };
  if (!answer.found) return difference(UNKNOWN_SNAP.includes(answer.code) ? 'gone' : 'closed', null);
  // Another snap may have got the name since.
  if (answer.revision.snapId !== snap.snapId) return difference('gone', null);
  // A closed channel is answered with what a device on it gets.
  if (answer.channel !== null && answer.channel.toString() !== channel.toString()) return difference('closed', null);
  const upstream = describe(snap, answer.revision, answer.releasedAt);
  if (upstream.revision === revision)
    return upstream.components.length === 0 ? null : difference('components', upstream);
  return difference(upstream.revision > revision ? 'newer' : 'older', upstream);
}

/** What the store says of a snap that it does not know (store-protocol.md, "Errors"). */
const UNKNOWN_SNAP = ['name-not-found', 'id-not-found'];

function describe(snap: InventorySnap, upstream: StoreRevision, releasedAt: string | null): UpstreamChannel {
  const { revision, version, download } = upstream;
  const known = new Set(snap.components.map(({ name }) => name));
  return {
    revision,
    version,
    releasedAt,
    sizeBytes: download.size,
    isHeld: snap.revisions.some((one) => one.revision === revision && one.digest.equals(download.digest)),
    components: upstream.components
      .filter((component) => known.has(component.name) && !holds(snap.components, component))
      .map((component) => {
        return { name: component.name, revision: component.revision, sizeBytes: component.download.size };
      }),
  };
}

function holds(held: readonly InventoryComponent[], { name, revision }: { name: string; revision: number }): boolean {
  return held.some((one) => one.name === name && one.revision === revision);
}

function missingFiles({ snapId, upstream }: ChannelUpdate): [string, number][] {
  if (upstream === null) return [];
  const components = upstream.components.map(({ name, revision, sizeBytes }): [string, number] => {
    return [`${snapId}+${name} ${revision}`, sizeBytes];
  });
  return upstream.isHeld ? components : [[`${snapId} ${upstream.revision}`, upstream.sizeBytes], ...components];
}

function orderOf({ name, architecture, channel }: ChannelUpdate): string {
  return `${name} ${architecture} ${channel}`;
}
