import { DEFAULT_TRACK } from '../../../kernel/channel.js';
import type { CatalogEntry, ListedRevision } from '../resolution/catalog-entry.js';
import type { ListedComponent } from '../resolution/component-shelf.js';
import { architecturesOf, ChannelView, type OpenChannel } from '../resolution/channel-view.js';
import type { SnapMedia } from '../snap-metadata.js';
import { componentDownloadPath, downloadPath } from './download-path.js';
import { mediaPath } from './media-path.js';
import { resource } from './resource.js';

export interface InfoWish {
  /** Null: every architecture. */
  readonly architecture: string | null;
  /** Null: every field. */
  readonly fields: ReadonlySet<string> | null;
  /** Without a slash at the end. */
  readonly baseUrl: string;
}

/**
 * What `snap info` shows of a snap (snapd: store/details_v2.go). The first channel gives the headline, so the default track's
 * safest one comes first; a track and risk is there once, which is why branches are not: snapd keeps the last of several.
 * `name` and `snap-id` stand inside `snap` too, because snapd reads them there.
 * @returns null where no channel is open for the architecture
 */
export function infoDocument(entry: CatalogEntry, wish: InfoWish): object | null {
  const architectures = wish.architecture === null ? architecturesOf(entry) : [wish.architecture];
  const channels = architectures.flatMap((architecture) =>
    ChannelView.of(entry, architecture)
      .inOrder(entry.defaultTrack)
      .filter(({ channel }) => channel.branch === null)
      .map((open) => channelObject(entry, architecture, open, wish)),
  );
  if (channels.length === 0) return null;
  return {
    name: entry.name,
    'snap-id': entry.snapId,
    'default-track': entry.defaultTrack,
    snap: snapObject(entry, wish),
    'channel-map': channels,
  };
}

/** A snap costs nothing: prices of any kind, even of zero, would make snapd ask the user to buy it. */
function snapObject(entry: CatalogEntry, wish: InfoWish): object {
  const words = entry.description;
  const all = {
    categories: words.categories ?? [],
    contact: words.contact ?? null,
    description: words.description ?? '',
    license: words.license ?? null,
    links: words.links ?? {},
    media: (words.media ?? []).map((picture) => mediaObject(entry.snapId, picture, wish)),
    prices: {},
    private: false,
    publisher: entry.publisher,
    'store-url': words['store-url'] ?? null,
    summary: words.summary ?? '',
    title: words.title ?? entry.name,
    website: words.website ?? null,
  };
  return { name: entry.name, 'snap-id': entry.snapId, ...chosen(all, wish) };
}

function resourceObject(
  { snapId }: CatalogEntry,
  snap: ListedRevision,
  component: ListedComponent,
  { baseUrl }: InfoWish,
): object {
  const { file, ...fields } = resource(snap, component);
  const url = `${baseUrl}${componentDownloadPath(snapId, component.name, component.revision)}`;
  return { ...fields, download: { url, ...file } };
}

function mediaObject(snapId: string, picture: SnapMedia, { baseUrl }: InfoWish): object {
  const { type, width, height } = picture;
  return { type, url: `${baseUrl}${mediaPath(snapId, picture)}`, width, height };
}

function channelObject(
  entry: CatalogEntry,
  architecture: string,
  { channel, revision, releasedAtText }: OpenChannel,
  wish: InfoWish,
): object {
  const held = entry.revisions.get(revision);
  if (held === undefined) throw new Error(`revision ${revision} of ${entry.name} is released but not held`);
  const all = {
    architectures: held.architectures,
    base: held.base,
    'common-ids': held.commonIds,
    confinement: held.confinement,
    'created-at': held.createdAt.toISOString(),
    download: {
      url: `${wish.baseUrl}${downloadPath(entry.snapId, revision)}`,
      size: held.sizeBytes,
      'sha3-384': held.sha3_384,
      deltas: [],
    },
    epoch: held.epoch,
    resources: (entry.components?.of(revision) ?? []).map((component) => resourceObject(entry, held, component, wish)),
    revision,
    type: held.type,
    version: held.version,
  };
  return {
    channel: {
      architecture,
      name: channel.track === DEFAULT_TRACK ? channel.risk : `${channel.track}/${channel.risk}`,
      risk: channel.risk,
      track: channel.track,
      'released-at': releasedAtText,
    },
    ...chosen(all, wish),
  };
}

function chosen(all: object, { fields }: InfoWish): object {
  if (fields === null) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => fields.has(name)));
}
