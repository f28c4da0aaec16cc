import { isSnapId } from '../../../kernel/snap-names.js';

export const DOWNLOAD_ROUTE = 'api/v1/snaps/download/';

const FILE = /^([a-zA-Z0-9]{32})_([1-9][0-9]{0,9})\.snap$/;

/** Where a revision's file is, below the base URL. It never means another file, so whoever stands between may keep it. */
export function downloadPath(snapId: string, revision: number): string {
  return `/${DOWNLOAD_ROUTE}${snapId}_${revision}.snap`;
}

const COMPONENT = /^([a-zA-Z0-9]{32})_([a-z0-9-]{2,40})_([1-9][0-9]{0,9})\.comp$/;

/** As `downloadPath`, of a component revision. */
export function componentDownloadPath(snapId: string, name: string, revision: number): string {
  return `/${DOWNLOAD_ROUTE}${snapId}_${name}_${revision}.comp`;
}

const DELTA = /^([a-zA-Z0-9]{32})_([1-9][0-9]{0,9})_([1-9][0-9]{0,9})_xdelta3\.delta$/;

/** As `downloadPath`, of what turns one revision's file into another's. */
export function deltaDownloadPath(snapId: string, sourceRevision: number, targetRevision: number): string {
  return `/${DOWNLOAD_ROUTE}${snapId}_${sourceRevision}_${targetRevision}_xdelta3.delta`;
}

/** What the last part of such a path asks for; null where it is not one. */
export function parseDeltaFile(
  file: string,
): { readonly snapId: string; readonly sourceRevision: number; readonly targetRevision: number } | null {
  const [, snapId = '', source = '', target = ''] = DELTA.exec(file) ?? [];
  return isSnapId(snapId) ? { snapId, sourceRevision: Number(source), targetRevision: Number(target) } : null;
}

/** What the last part of such a path asks for; null where it is not one. */
export function parseComponentFile(
  file: string,
): { readonly snapId: string; readonly name: string; readonly revision: number } | null {
  const [, snapId = '', name = '', revision = ''] = COMPONENT.exec(file) ?? [];
  return isSnapId(snapId) ? { snapId, name, revision: Number(revision) } : null;
}

/** What the last part of such a path asks for; null where it is not one. */
export function parseDownloadFile(file: string): { readonly snapId: string; readonly revision: number } | null {
  const [, snapId = '', revision = ''] = FILE.exec(file) ?? [];
  return isSnapId(snapId) ? { snapId, revision: Number(revision) } : null;
}
