import { mediaPath } from '../device/media-path.js';
import type { FindShape } from './find-question.js';
import type { FoundOffer } from './offers.js';
import type { SnapSearch } from './snap-search.entity.js';

/** A snap as the search remembers it. Never changes. */
export type FoundSnap = Pick<SnapSearch, 'snapId' | 'name' | 'words' | 'offers'>;

/** One result of `v2/snaps/find` (snapd: store/details_v2.go, storeSearchResult). */
export function findResult(found: FoundSnap, offer: FoundOffer, { fields, baseUrl }: FindShape): object {
  const { snapId, name, words } = found;
  const { channel, revision, offered } = offer;
  const snap = {
    categories: words.categories ?? [],
    contact: words.contact ?? null,
    description: words.description ?? '',
    license: words.license ?? null,
    links: words.links ?? {},
    media: (words.media ?? []).map((picture) => {
      const { type, width, height } = picture;
      return { type, url: `${baseUrl}${mediaPath(snapId, picture)}`, width, height };
    }),
    // A price of any kind, even of zero, makes a snap one that must be bought.
    prices: {},
    private: false,
    publisher: words.publisher,
    'store-url': words['store-url'] ?? null,
    summary: words.summary ?? '',
    title: words.title ?? name,
    website: words.website ?? null,
  };
  const { version, type, confinement, base, commonIds, architectures, sizeBytes, createdAt } = offered;
  const told = {
    architectures,
    base,
    channel,
    'common-ids': commonIds,
    confinement,
    'created-at': createdAt,
    download: { size: sizeBytes },
    revision,
    type,
    version,
  };
  return { name, 'snap-id': snapId, snap: chosen(snap, fields), revision: chosen(told, fields) };
}

/** The same as clients of long ago read it (snapd: store/details.go, snapDetails). */
export function formerResult(found: FoundSnap, offer: FoundOffer, { baseUrl }: FindShape): object {
  const { snapId, name, words } = found;
  const { channel, revision, offered } = offer;
  const { publisher } = words;
  const icon = words.media?.find(({ type }) => type === 'icon');
  return {
    package_name: name,
    snap_id: snapId,
    title: words.title ?? name,
    summary: words.summary ?? '',
    description: words.description ?? '',
    version: offered.version,
    revision,
    channel,
    content: offered.type === 'app' ? 'application' : offered.type,
    confinement: offered.confinement,
    architecture: offered.architectures,
    base: offered.base,
    common_ids: offered.commonIds,
    binary_filesize: offered.sizeBytes,
    license: words.license ?? '',
    contact: words.contact ?? '',
    website: words.website ?? '',
    icon_url: icon === undefined ? '' : `${baseUrl}${mediaPath(snapId, icon)}`,
    media: (words.media ?? []).map((picture) => ({
      type: picture.type,
      url: `${baseUrl}${mediaPath(snapId, picture)}`,
    })),
    prices: {},
    private: false,
    origin: publisher.username,
    publisher: publisher['display-name'],
    developer_id: publisher.id,
    developer_name: publisher['display-name'],
    developer_validation: publisher.validation,
  };
}

function chosen(all: object, fields: ReadonlySet<string> | null): object {
  if (fields === null) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => fields.has(name)));
}
