import { Injectable } from '@nestjs/common';

import { StoreError } from '../../../kernel/store-error.js';
import type { Answer } from '../../../platform/http/answer.js';
import { BlobReader } from '../../blobs/index.js';
import { RevisionNotHeldError, SnapNotHeldError } from '../catalog.errors.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { parseDownloadFile } from './download-path.js';
import { fileAnswer, type FileWish } from './file-answer.js';

/** It is released and its file is missing or damaged, which `verify-store` tells the operator. */
export class FileNotServableError extends StoreError {
  readonly code = 'file-not-servable';

  constructor(file: string) {
    super(`the file ${file} is not in a state to be served`, { file });
  }
}

/** Answers downloads of snaps. */
@Injectable()
export class DownloadsService {
  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly blobs: BlobReader,
  ) {}

  /**
   * @param file `<snap-id>_<revision>.snap`
   * @throws SnapNotHeldError, RevisionNotHeldError, FileNotServableError
   */
  async answer(file: string, wish: FileWish): Promise<Answer> {
    const wanted = parseDownloadFile(file);
    if (wanted === null) throw new SnapNotHeldError(file);
    const entry = await this.snapshot.byId(wanted.snapId);
    if (entry === null) throw new SnapNotHeldError(wanted.snapId);
    const revision = entry.revisions.get(wanted.revision);
    if (revision === undefined) throw new RevisionNotHeldError(entry.name, wanted.revision);
    const blob = await this.blobs.find(revision.sha3_384);
    if (blob === null) throw new FileNotServableError(file);
    return fileAnswer(blob, wish, { 'content-type': 'application/octet-stream' });
  }
}
