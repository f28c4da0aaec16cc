import { CorruptBlockError } from './decompressor.js';

/** Reads bits from a byte's lowest to its highest, forwards. Behind the end there are zeros; `isWithin` tells. */
export class ForwardBits {
  private position = 0;

  constructor(private readonly bytes: Buffer) {}

  /** Up to 16 bits, without going on. */
  peek(bits: number): number {
    return window(this.bytes, this.position >> 3, this.position & 7, bits);
  }

  skip(bits: number): void {
    this.position += bits;
  }

  read(bits: number): number {
    const value = this.peek(bits);
    this.position += bits;
    return value;
  }

  get isWithin(): boolean {
    return this.position <= this.bytes.length * 8;
  }

  get bytesRead(): number {
    return (this.position + 7) >> 3;
  }
}

/** Reads bits from the end of its bytes to their start. The highest one bit of the last byte only marks where they begin. */
export class BackwardBits {
  /** Bits that are still to be read; negative once more were asked for than there are. */
  left: number;

  constructor(private readonly bytes: Buffer) {
    const last = bytes[bytes.length - 1] ?? 0;
    if (last === 0) throw corrupt('a stream of bits has no beginning');
    this.left = (bytes.length - 1) * 8 + highestBit(last);
  }

  /** Up to 24 bits, without going on. What is missing at the end is zeros. */
  peek(bits: number): number {
    const { left } = this;
    if (left >= bits) return window(this.bytes, (left - bits) >> 3, (left - bits) & 7, bits);
    return left <= 0 ? 0 : window(this.bytes, 0, 0, left) << (bits - left);
  }

  skip(bits: number): void {
    this.left -= bits;
  }

  read(bits: number): number {
    const value = this.peek(bits);
    this.left -= bits;
    return value;
  }
}

/** The place of the highest one bit of a positive number, counted from 0. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

function window(bytes: Buffer, byte: number, shift: number, bits: number): number {
  const value =
    (bytes[byte] ?? 0) |
    ((bytes[byte + 1] ?? 0) << 8) |
    ((bytes[byte + 2] ?? 0) << 16) |
    ((bytes[byte + 3] ?? 0) << 24);
  return (value >>> shift) & ((1 << bits) - 1);
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('zstd', reason);
}
