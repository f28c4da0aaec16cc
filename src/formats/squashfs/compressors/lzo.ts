import { CorruptBlockError } from './decompressor.js';
import { copyMatch } from './match.js';

const FIRST_LITERALS = 17;
const AFTER_LITERAL_RUN = 4;
const FAR = 0x4000;

/**
 * One LZO1X block (linux: Documentation/staging/lzo.rst). Every instruction copies a match and says with two bits how many
 * literals (0 to 3) follow it; what the lowest instructions mean depends on how many came last (`state`).
 */
export function decompressLzo(input: Buffer, maxBytes: number): Buffer {
  const output = Buffer.allocUnsafe(maxBytes);
  let read = 0;
  let written = 0;
  let state = 0;

  const nextByte = (): number => {
    const byte = input[read++];
    if (byte === undefined) throw corrupt('it ends early');
    return byte;
  };
  /** Lengths that do not fit their bits go on in bytes: 255 for each zero, then one that is not zero. */
  const length = (bits: number, mask: number): number => {
    if ((bits & mask) !== 0) return bits & mask;
    let total = mask;
    let byte = nextByte();
    for (; byte === 0; byte = nextByte()) total += 255;
    return total + byte;
  };
  const copyLiterals = (count: number): void => {
    if (count > input.length - read) throw corrupt('it ends in its literals');
    if (count > maxBytes - written) throw corrupt('it is longer than a block');
    input.copy(output, written, read, read + count);
    read += count;
    written += count;
  };

  const first = input[0] ?? 0;
  if (first > FIRST_LITERALS) {
    read = 1;
    copyLiterals(first - FIRST_LITERALS);
    state = Math.min(first - FIRST_LITERALS, AFTER_LITERAL_RUN);
  }

  for (;;) {
    const instruction = nextByte();
    let matchLength: number;
    let distance: number;
    let literals: number;
    if (instruction >= 64) {
      matchLength = (instruction >> 5) + 1;
      distance = (nextByte() << 3) + ((instruction >> 2) & 7) + 1;
      literals = instruction & 3;
    } else if (instruction >= 32) {
      matchLength = length(instruction, 31) + 2;
      const low = nextByte();
      distance = (nextByte() << 6) + (low >> 2) + 1;
      literals = low & 3;
    } else if (instruction >= 16) {
      matchLength = length(instruction, 7) + 2;
      const low = nextByte();
      distance = FAR + ((instruction & 8) << 11) + (nextByte() << 6) + (low >> 2);
      literals = low & 3;
      if (distance === FAR) {
        if (read !== input.length) throw corrupt('something follows its end');
        return output.subarray(0, written);
      }
    } else if (state === 0) {
      copyLiterals(length(instruction, 15) + 3);
      state = AFTER_LITERAL_RUN;
      continue;
    } else {
      const near = state !== AFTER_LITERAL_RUN;
      matchLength = near ? 2 : 3;
      distance = (nextByte() << 2) + (instruction >> 2) + (near ? 1 : 2049);
      literals = instruction & 3;
    }
    if (distance > written) throw corrupt('it copies from before its start');
    if (matchLength > maxBytes - written) throw corrupt('it is longer than a block');
    written = copyMatch(output, written, distance, matchLength);
    copyLiterals(literals);
    state = literals;
  }
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('lzo', reason);
}
