import { type Answer, type AnswerHeaders, EMPTY_BODY } from '../../../platform/http/answer.js';
import type { ServableBlob } from '../../blobs/index.js';
import { type ByteRange, parseRange } from './byte-range.js';

/** What a request says of the bytes that it wants. */
export interface FileWish {
  /** The Range header, or null. */
  readonly range: string | null;
  /** The If-Range header, or null. */
  readonly ifRange: string | null;
  /** The If-None-Match header, or null. */
  readonly ifNoneMatch: string | null;
}

/**
 * The bytes of a blob, whole or in part. They are never compressed: snapd checks the digest over the bytes as they come, and
 * stores an icon only whose length it is told (store/store_download.go).
 * @param type `content-type`, and what else goes with the bytes
 */
export function fileAnswer(blob: ServableBlob, wish: FileWish, type: AnswerHeaders): Answer {
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
