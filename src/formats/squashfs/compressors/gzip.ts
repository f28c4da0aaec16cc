import { inflateSync } from 'node:zlib';

import { messageOf } from '../../../kernel/store-error.js';
import { CorruptBlockError } from './decompressor.js';

/** zlib streams (RFC 1950), which squashfs calls gzip. */
export function decompressGzip(input: Buffer, maxBytes: number): Buffer {
  try {
    return inflateSync(input, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new CorruptBlockError('gzip', messageOf(error));
  }
}
