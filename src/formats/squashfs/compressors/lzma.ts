import { CorruptBlockError } from './decompressor.js';
import { LzmaDecoder } from './lzma-decoder.js';
import { RangeDecoder } from './range-decoder.js';

const HEADER_BYTES = 13;
const UNKNOWN_LENGTH = 0xffff_ffff_ffff_ffffn;

/** The old lzma format: a byte of properties, the dictionary's size, the length, then one LZMA stream. */
export function decompressLzma(input: Buffer, maxBytes: number): Buffer {
  if (input.length < HEADER_BYTES) throw new CorruptBlockError('lzma', 'it ends early');
  const length = input.readBigUInt64LE(5);
  const endMarker = length === UNKNOWN_LENGTH;

  const decoder = new LzmaDecoder(Buffer.allocUnsafe(maxBytes));
  decoder.setProperties(input.readUInt8(0));
  decoder.resetState();
  const range = new RangeDecoder(input, HEADER_BYTES, input.length);
  decoder.decode(range, endMarker ? maxBytes : Number(length), { endMarker });
  return decoder.output.subarray(0, decoder.written);
}
