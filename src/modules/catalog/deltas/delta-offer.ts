import type { CatalogEntry } from '../resolution/catalog-entry.js';
import { deltaDownloadPath } from '../device/download-path.js';
import type { SnapJson } from '../device/revision-documents.js';
import type { ListedDelta } from './delta-shelf.js';

/** The only format that this store makes, and that every snapd with deltas takes (snapd: store/store_download.go). */
const FORMAT = 'xdelta3';

/** Where a refresh answer has its list of deltas. */
const NO_DELTAS = '"deltas":[]';

/** @param header of a refresh request: `Snap-Accept-Delta-Format`, formats with commas between them; null where it is absent */
export function acceptsDeltas(header: string | null): boolean {
  return header?.split(',').some((format) => format.trim() === FORMAT) ?? false;
}

/**
 * The delta that takes a device from what it has to what it is offered. Never more than one: snapd 2.57 takes a list of two
 * for none at all (store/store_download.go).
 */
export function deltaFor(entry: CatalogEntry, installedRevision: number, revision: number): ListedDelta | null {
  return entry.deltas?.find(installedRevision, revision) ?? null;
}

/** The `snap` object of a refresh answer with the delta on offer. */
export function offering([first, ...others]: SnapJson, snapId: string, delta: ListedDelta): SnapJson {
  const { sourceRevision, targetRevision, sizeBytes, sha3_384 } = delta;
  // Before it there are only a path, a size and a digest.
  const at = first.indexOf(NO_DELTAS) + NO_DELTAS.length - 1;
  const path = deltaDownloadPath(snapId, sourceRevision, targetRevision);
  const fields = { format: FORMAT, source: sourceRevision, target: targetRevision, size: sizeBytes };
  const rest = `${path}",${JSON.stringify({ ...fields, 'sha3-384': sha3_384 }).slice(1)}`;
  return [
    Buffer.concat([first.subarray(0, at), Buffer.from('{"url":"')]),
    Buffer.concat([Buffer.from(rest), first.subarray(at)]),
    ...others,
  ];
}
