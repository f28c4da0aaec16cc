import { isSnapId } from '../../../kernel/snap-names.js';
import type { SnapMedia } from '../snap-metadata.js';

export const MEDIA_ROUTE = 'api/v1/snaps/media/';

const PICTURE = /^([a-zA-Z0-9]{32})\/([0-9a-f]{96}\.[a-z]{3,4})$/;
const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/gif': 'gif',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/webp': 'webp',
};

/** Where a picture of a snap is, below the base URL. It never means another picture, so whoever stands between may keep it. */
export function mediaPath(snapId: string, picture: SnapMedia): string {
  return `/${MEDIA_ROUTE}${snapId}/${mediaFile(picture)}`;
}

/** The last part of the path. */
export function mediaFile(picture: SnapMedia): string {
  return `${picture['sha3-384']}.${EXTENSIONS[picture['content-type']] ?? 'bin'}`;
}

/** What such a path asks for; null where it is not one. */
export function parseMediaPath(path: string): { readonly snapId: string; readonly file: string } | null {
  const [, snapId = '', file = ''] = PICTURE.exec(path) ?? [];
  return isSnapId(snapId) ? { snapId, file } : null;
}
