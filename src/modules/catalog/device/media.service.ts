import { Injectable } from '@nestjs/common';

import type { Answer } from '../../../platform/http/answer.js';
import { BlobReader } from '../../blobs/index.js';
import { PictureNotHeldError } from '../catalog.errors.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { FileNotServableError } from './downloads.service.js';
import { fileAnswer, type FileWish } from './file-answer.js';
import { mediaFile, parseMediaPath } from './media-path.js';

/**
 * A picture is shown and nothing else: what it says is its type counts, and scripts in an SVG do not run, also where somebody
 * opens it by itself in a browser that knows the store.
 */
const SHOWN_ONLY = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
};

/** Answers `GET` for the icons, screenshots and banners of snaps. */
@Injectable()
export class MediaService {
  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly blobs: BlobReader,
  ) {}

  /**
   * @param path `<snap-id>/<sha3-384>.<extension>`, as `mediaPath` makes it
   * @throws PictureNotHeldError, FileNotServableError
   */
  async answer(path: string, wish: FileWish): Promise<Answer> {
    const wanted = parseMediaPath(path);
    if (wanted === null) throw new PictureNotHeldError(path);
    const entry = await this.snapshot.byId(wanted.snapId);
    const icons = [...(entry?.revisions.values() ?? [])].flatMap(({ icon }) => icon ?? []);
    const picture = [...(entry?.metadata.media ?? []), ...icons].find((one) => mediaFile(one) === wanted.file);
    if (picture === undefined) throw new PictureNotHeldError(path);
    const blob = await this.blobs.find(picture['sha3-384']);
    if (blob === null) throw new FileNotServableError(path);
    return fileAnswer(blob, wish, { 'content-type': picture['content-type'], ...SHOWN_ONLY });
  }
}
