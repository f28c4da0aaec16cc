import { Injectable } from '@nestjs/common';

import { StoreError } from '../../../kernel/store-error.js';
import { type Answer, EMPTY_BODY } from '../../../platform/http/answer.js';
import { BlobReader, type ServableBlob } from '../../blobs/index.js';
import { RevisionNotHeldError, SnapNotHeldError } from '../catalog.errors.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { type ByteRange, parseRange } from './byte-range.js';
import { parseDownloadFile } from './download-path.js';

/** It is released and its file is missing or damaged, which `verify-store` tells the operator. */
export class FileNotServableError extends StoreError {
  readonly code = 'file-not-servable';

  constructor(file: string) {
    super(`the file ${file} is not in a state to be served`, { file });
  }
}

export interface DownloadWish {
  /** The Range header, or null. */
  readonly range: string | null;
  /** The If-Range header, or null. */
  readonly ifRange: string | null;
  /** The If-None-Match header, or null. */
  readonly ifNoneMatch: string | null;
}

/** Answers downloads of snaps. They are never compressed: snapd checks the digest over the bytes as they come. */
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
  async answer(file: string, wish: DownloadWish): Promise<Answer> {
    const wanted = parseDownloadFile(file);
    if (wanted === null) throw new SnapNotHeldError(file);
    const entry = await this.snapshot.byId(wanted.snapId);
    if (entry === null) throw new SnapNotHeldError(wanted.snapId);
    const revision = entry.revisions.get(wanted.revision);
    if (revision === undefined) throw new RevisionNotHeldError(entry.name, wanted.revision);
    const blob = await this.blobs.find(revision.sha3_384);
    if (blob === null) throw new FileNotServableError(file);
    return fileAnswer(blob, wish);
  }
}

function fileAnswer(blob: ServableBlob, wish: DownloadWish): Answer {
  const { sizeBytes } = blob;
  const etag = `"${blob.sha3_384}"`;
  const headers = {
    'accept-ranges': 'bytes',
    etag,
    'cache-control': 'public, max-age=31536000, immutable, no-transform',
  };
  if (wish.ifNoneMatch !== null && matches(wish.ifNoneMatch, etag)) return { status: 304, headers, body: EMPTY_BODY };
  // A weak or older validator means that what the client has may be another file: it gets all of this one.
  const isSame = wish.ifRange === null || wish.ifRange === etag;
  const range = isSame ? parseRange(wish.range, sizeBytes) : null;
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${sizeBytes}` }, body: EMPTY_BODY };
  }
  const type = { 'content-type': 'application/octet-stream' };
  if (range === null) {
    return { status: 200, headers: { ...headers, ...type }, body: bodyOf(blob, { start: 0, end: sizeBytes - 1 }) };
  }
  const contentRange = `bytes ${range.start}-${range.end}/${sizeBytes}`;
  return { status: 206, headers: { ...headers, ...type, 'content-range': contentRange }, body: bodyOf(blob, range) };
}

function bodyOf(blob: ServableBlob, range: ByteRange): Answer['body'] {
  return {
    sizeBytes: range.end - range.start + 1,
    open: async () => {
      const file = await blob.open();
      return {
        readInto: (memory, position) => file.readInto(memory, range.start + position),
        close: () => file.close(),
      };
    },
  };
}

/** Weak comparison, as If-None-Match wants (RFC 9110 §13.1.2). */
function matches(header: string, etag: string): boolean {
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
