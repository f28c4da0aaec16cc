import { Injectable } from '@nestjs/common';

import { FreshCache } from '../../../platform/cache/fresh-cache.js';
import type { CatalogEntry, ListedRevision } from '../resolution/catalog-entry.js';
import type { ListedComponent } from '../resolution/component-shelf.js';
import type { ComponentPins } from '../resolution/validation-rules.js';
import { describeSnap } from '../snapshot/describe-snap.js';
import { EntryLoader } from '../snapshot/entry-loader.js';
import { isTakenByDevices, picturesOf } from '../snapshot/pictures.js';
import { componentDownloadPath, downloadPath } from './download-path.js';
import { mediaPath } from './media-path.js';
import { resource } from './resource.js';

/** What is asked for all the time lies ready elsewhere (ready-results.ts). */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * The `snap` object of a refresh answer as bytes, cut where the base URL belongs. It begins after the first: whoever sends it
 * puts `SNAP_JSON_START` and the base URL in front, and the base URL in between. Nearly every snap is one piece.
 */
export type SnapJson = readonly [Buffer, ...Buffer[]];

interface Document {
  /** What it was made from; anything newer makes it stale. */
  readonly entry: CatalogEntry;
  readonly json: SnapJson;
}

/** The `snap` objects of refresh answers, ready as bytes. */
@Injectable()
export class RevisionDocuments {
  // A document is as fresh as the entry that it was made from.
  private readonly documents = new FreshCache<Document>({
    maxBytes: MAX_BYTES,
    maxEntries: 100_000,
    sizeOf: ({ json }) => json.reduce((sum, piece) => sum + piece.length + 100, 100),
    isWatched: () => true,
    graceMs: 0,
  });

  constructor(private readonly loader: EntryLoader) {}

  /**
   * @param withComponents whether the device asks which components go with the revision
   * @param pins which revisions of them do on this device, where validation sets say so
   */
  of(
    entry: CatalogEntry,
    revision: ListedRevision,
    withComponents: boolean,
    pins: ComponentPins | null,
  ): SnapJson | Promise<SnapJson> {
    const key = withComponents ? `${revision.file}+${pins === null ? '' : [...pins].join()}` : revision.file;
    const load = (): Promise<Document> => this.make(entry, revision, withComponents, pins);
    const known = this.documents.get(key, load);
    if (known instanceof Promise) return known.then((made) => this.current(key, made, entry, load));
    return this.current(key, known, entry, load);
  }

  private current(
    key: string,
    document: Document,
    entry: CatalogEntry,
    load: () => Promise<Document>,
  ): SnapJson | Promise<SnapJson> {
    if (document.entry === entry) return document.json;
    this.documents.forget(key);
    const again = this.documents.get(key, load);
    return again instanceof Promise ? again.then(({ json }) => json) : again.json;
  }

  private async make(
    entry: CatalogEntry,
    revision: ListedRevision,
    withComponents: boolean,
    pins: ComponentPins | null,
  ): Promise<Document> {
    const snapYaml = await this.loader.snapYaml(entry.snapId, revision.revision);
    const components = withComponents ? (entry.components?.of(revision.revision, pins) ?? []) : [];
    const [first, ...others] = snapJson(entry, revision, snapYaml, components)
      .slice(SNAP_JSON_START.length + 1)
      .split(BASE_URL);
    return { entry, json: [Buffer.from(first ?? ''), ...others.map((piece) => Buffer.from(piece))] };
  }
}

export const SNAP_JSON_START = '{"download":{"url":"';
/** Stands for the base URL: what JSON never has in it as it is. */
const BASE_URL = '\n';

/**
 * Everything that snapd reads of a revision (store/details_v2.go). It overwrites what it finds in snap.yaml with what stands
 * here, so nothing may be missing; a price of any kind would make the snap one that must be bought.
 */
function snapJson(
  entry: CatalogEntry,
  revision: ListedRevision,
  snapYaml: string,
  components: readonly ListedComponent[],
): string {
  const words = { ...describeSnap(snapYaml), ...entry.metadata };
  const download = atUrl(downloadPath(entry.snapId, revision.revision), {
    size: revision.sizeBytes,
    'sha3-384': revision.sha3_384,
    deltas: [],
  });
  const pictures = picturesOf(entry.metadata, revision.icon).filter(isTakenByDevices);
  const media = pictures.map((picture) => {
    const { type, width, height } = picture;
    return atUrl(mediaPath(entry.snapId, picture), { type, width, height });
  });
  const resources = components.map((component) => {
    const { file, ...fields } = resource(revision, component);
    const at = atUrl(componentDownloadPath(entry.snapId, component.name, component.revision), file);
    return `{"download":${at},${JSON.stringify(fields).slice(1)}`;
  });
  const rest = JSON.stringify({
    architectures: revision.architectures,
    base: revision.base,
    categories: words.categories ?? [],
    'common-ids': revision.commonIds,
    confinement: revision.confinement,
    contact: words.contact ?? null,
    'created-at': revision.createdAt.toISOString(),
    description: words.description ?? '',
    epoch: revision.epoch,
    integrity: [],
    license: words.license ?? null,
    links: words.links ?? {},
    name: entry.name,
    prices: {},
    private: false,
    publisher: entry.publisher,
    revision: revision.revision,
    'snap-id': entry.snapId,
    'snap-yaml': snapYaml,
    'store-url': words['store-url'] ?? null,
    summary: words.summary ?? '',
    title: words.title ?? entry.name,
    type: revision.type,
    version: revision.version,
    website: words.website ?? null,
  });
  return `{"download":${download},"media":[${media.join()}],"resources":[${resources.join()}],${rest.slice(1)}`;
}

/** An object that begins with a URL of this store. */
function atUrl(path: string, fields: object): string {
  return `{"url":"${BASE_URL}${path}",${JSON.stringify(fields).slice(1)}`;
}
