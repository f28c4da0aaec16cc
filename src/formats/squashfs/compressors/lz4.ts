import { CorruptBlockError } from './decompressor.js';
import { copyMatch } from './match.js';

const MIN_MATCH = 4;
const LONG = 15;

/** One LZ4 block without a frame (lz4: doc/lz4_Block_format.md), as squashfs stores it. */
export function decompressLz4(input: Buffer, maxBytes: number): Buffer {
  const output = Buffer.allocUnsafe(maxBytes);
  let read = 0;
  let written = 0;

  const nextByte = (): number => {
    const byte = input[read++];
    if (byte === undefined) throw corrupt('it ends early');
    return byte;
  };
  const length = (nibble: number): number => {
    let total = nibble;
    for (let byte = nibble === LONG ? 255 : 0; byte === 255; total += byte) byte = nextByte();
    return total;
  };

  while (read < input.length) {
    const token = nextByte();
    const literals = length(token >> 4);
    if (literals > input.length - read) throw corrupt('it ends in its literals');
    if (literals > maxBytes - written) throw corrupt('it is longer than a block');
    input.copy(output, written, read, read + literals);
    read += literals;
    written += literals;
    if (read === input.length) return output.subarray(0, written);

    const distance = nextByte() | (nextByte() << 8);
    const match = length(token & LONG) + MIN_MATCH;
    if (distance === 0 || distance > written) throw corrupt('it copies from before its start');
    if (match > maxBytes - written) throw corrupt('it is longer than a block');
    written = copyMatch(output, written, distance, match);
  }
  throw corrupt('it ends early');
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('lz4', reason);
}
