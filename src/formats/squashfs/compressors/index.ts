import { SquashfsUnsupportedError } from '../squashfs-error.js';
import type { Decompressor } from './decompressor.js';
import { decompressGzip } from './gzip.js';
import { decompressLz4 } from './lz4.js';
import { decompressLzma } from './lzma.js';
import { decompressLzo } from './lzo.js';
import { decompressXz } from './xz.js';
import { decompressZstd } from './zstd.js';

/** By the ids of the superblock. */
const COMPRESSORS = new Map<number, { readonly name: string; readonly decompress: Decompressor }>([
  [1, { name: 'gzip', decompress: decompressGzip }],
  [2, { name: 'lzma', decompress: decompressLzma }],
  [3, { name: 'lzo', decompress: decompressLzo }],
  [4, { name: 'xz', decompress: decompressXz }],
  [5, { name: 'lz4', decompress: decompressLz4 }],
  [6, { name: 'zstd', decompress: decompressZstd }],
]);

/** @throws SquashfsUnsupportedError */
export function decompressorFor(compressorId: number): { readonly name: string; readonly decompress: Decompressor } {
  const compressor = COMPRESSORS.get(compressorId);
  if (compressor === undefined) {
    throw new SquashfsUnsupportedError(`the snap file is compressed with unknown compressor ${compressorId}`, {
      compressor: compressorId,
    });
  }
  return compressor;
}
