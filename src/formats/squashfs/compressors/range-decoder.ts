import { CorruptBlockError } from './decompressor.js';

const TOP = 2 ** 24;
const PROBABILITY_BITS = 11;
const EVEN = 1 << (PROBABILITY_BITS - 1);
const MOVE_BITS = 5;

/** New probabilities, all even. */
export function evenProbabilities(count: number): Uint16Array {
  return new Uint16Array(count).fill(EVEN);
}

/** LZMA's binary arithmetic decoder: bits whose probabilities adapt as they are read (xz: liblzma/rangecoder). */
export class RangeDecoder {
  private range = 0xffff_ffff;
  private code = 0;
  private position: number;

  /** Reads from `start` and never beyond `end`. */
  constructor(
    private readonly input: Buffer,
    start: number,
    private readonly end: number,
  ) {
    this.position = start;
    if (this.nextByte() !== 0) throw corrupt('its first byte is not zero');
    for (let count = 0; count < 4; count++) this.code = ((this.code << 8) | this.nextByte()) >>> 0;
  }

  /** Whether everything up to the end was used, and nothing is left in the decoder. */
  isFinished(): boolean {
    this.normalize();
    return this.position === this.end && this.code === 0;
  }

  bit(probabilities: Uint16Array, index: number): 0 | 1 {
    this.normalize();
    const probability = probabilities[index] ?? 0;
    const bound = (this.range >>> PROBABILITY_BITS) * probability;
    if (this.code < bound) {
      this.range = bound;
      probabilities[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> MOVE_BITS);
      return 0;
    }
    this.range -= bound;
    this.code -= bound;
    probabilities[index] = probability - (probability >> MOVE_BITS);
    return 1;
  }

  /** Bits that are as likely 0 as 1, highest first. */
  direct(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count++) {
      this.normalize();
      this.range >>>= 1;
      const one = this.code >= this.range;
      if (one) this.code -= this.range;
      value = (value << 1) | (one ? 1 : 0);
    }
    return value >>> 0;
  }

  /** A number of so many bits, highest first; each prefix has a probability of its own. */
  tree(probabilities: Uint16Array, base: number, bits: number): number {
    let node = 1;
    for (let count = 0; count < bits; count++) node = (node << 1) | this.bit(probabilities, base + node);
    return node - (1 << bits);
  }

  /** As `tree`, lowest bit first. */
  reverseTree(probabilities: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let count = 0; count < bits; count++) {
      const bit = this.bit(probabilities, base + node);
      node = (node << 1) | bit;
      value |= bit << count;
    }
    return value;
  }

  private normalize(): void {
    if (this.range < TOP) {
      this.range = (this.range << 8) >>> 0;
      this.code = ((this.code << 8) | this.nextByte()) >>> 0;
    }
  }

  private nextByte(): number {
    if (this.position >= this.end) throw corrupt('it ends early');
    return this.input[this.position++] ?? 0;
  }
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('xz', reason);
}
