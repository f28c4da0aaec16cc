import { CorruptBlockError } from './decompressor.js';
import { copyMatch } from './match.js';
import { evenProbabilities, type RangeDecoder } from './range-decoder.js';

const STATES = 12;
const FIRST_STATE_AFTER_MATCH = 7;
const POSITION_STATES = 16;
const LENGTH_STATES = 4;
const LITERAL_CODER = 0x300;
const MIN_MATCH = 2;
const FIRST_MODELLED_SLOT = 4;
const FIRST_DIRECT_SLOT = 14;
const ALIGN_BITS = 4;
const MAX_LITERAL_BITS = 4;
/** The distance that ends a stream of unknown length. */
const END_MARKER = 0xffff_ffff;

/**
 * The LZMA decoder (xz: liblzma/lzma), into one buffer that is output and dictionary at once. The callers read the container around
 * it: LZMA2 chunks (xz) or the old lzma header.
 */
export class LzmaDecoder {
  written = 0;

  private dictionaryStart = 0;
  private literalContextBits = 0;
  private literalPositionMask = 0;
  private positionMask = 0;
  private state = 0;
  private readonly distances: [number, number, number, number] = [0, 0, 0, 0];

  private isMatch = evenProbabilities(0);
  private isRepeat = evenProbabilities(0);
  private isRepeat0 = evenProbabilities(0);
  private isRepeat1 = evenProbabilities(0);
  private isRepeat2 = evenProbabilities(0);
  private isShortRepeat = evenProbabilities(0);
  private slots = evenProbabilities(0);
  private modelledDistances = evenProbabilities(0);
  private align = evenProbabilities(0);
  private literals = evenProbabilities(0);
  private matchLength = new LengthDecoder();
  private repeatLength = new LengthDecoder();

  constructor(readonly output: Buffer) {}

  /** @throws CorruptBlockError where the byte names no properties that LZMA2 allows */
  setProperties(byte: number): void {
    const positionBits = Math.floor(byte / 45);
    const literalPositionBits = Math.floor(byte / 9) % 5;
    const literalContextBits = byte % 9;
    if (positionBits > 4 || literalContextBits + literalPositionBits > MAX_LITERAL_BITS) {
      throw corrupt('its properties are out of range');
    }
    this.positionMask = (1 << positionBits) - 1;
    this.literalPositionMask = (1 << literalPositionBits) - 1;
    this.literalContextBits = literalContextBits;
    this.literals = evenProbabilities(LITERAL_CODER << (literalContextBits + literalPositionBits));
  }

  resetState(): void {
    this.state = 0;
    this.distances.fill(0);
    this.isMatch = evenProbabilities(STATES * POSITION_STATES);
    this.isRepeat = evenProbabilities(STATES);
    this.isRepeat0 = evenProbabilities(STATES);
    this.isRepeat1 = evenProbabilities(STATES);
    this.isRepeat2 = evenProbabilities(STATES);
    this.isShortRepeat = evenProbabilities(STATES * POSITION_STATES);
    this.slots = evenProbabilities(LENGTH_STATES << 6);
    this.modelledDistances = evenProbabilities(128);
    this.align = evenProbabilities(1 << ALIGN_BITS);
    this.literals.set(evenProbabilities(this.literals.length));
    this.matchLength = new LengthDecoder();
    this.repeatLength = new LengthDecoder();
  }

  /** From here on nothing before is copied from. */
  resetDictionary(): void {
    this.dictionaryStart = this.written;
  }

  /** Bytes that were stored as they are. */
  copy(bytes: Buffer): void {
    if (bytes.length > this.output.length - this.written) throw corrupt('it is longer than a block');
    this.written += bytes.copy(this.output, this.written);
  }

  /**
   * Decodes until `end` bytes are written, or up to an end marker where those are allowed.
   * @throws CorruptBlockError
   */
  decode(range: RangeDecoder, end: number, options: { endMarker: boolean }): void {
    if (end > this.output.length) throw corrupt('it is longer than a block');
    while (this.written < end) {
      const positionState = (this.written - this.dictionaryStart) & this.positionMask;
      const context = this.state * POSITION_STATES + positionState;
      if (range.bit(this.isMatch, context) === 0) {
        this.literal(range);
        continue;
      }
      const length =
        range.bit(this.isRepeat, this.state) === 1
          ? this.repeat(range, context, positionState)
          : this.match(range, positionState);
      if (this.distances[0] === END_MARKER) {
        if (!options.endMarker) throw corrupt('it ends where it must not');
        return;
      }
      const distance = this.distances[0] + 1;
      if (distance > this.written - this.dictionaryStart) throw corrupt('it copies from before its start');
      if (length > end - this.written) throw corrupt('it is longer than it says');
      this.written = copyMatch(this.output, this.written, distance, length);
    }
  }

  private literal(range: RangeDecoder): void {
    const position = this.written - this.dictionaryStart;
    const previous = position === 0 ? 0 : (this.output[this.written - 1] ?? 0);
    const context =
      ((position & this.literalPositionMask) << this.literalContextBits) + (previous >> (8 - this.literalContextBits));
    const base = LITERAL_CODER * context;

    let symbol = 1;
    if (this.state >= FIRST_STATE_AFTER_MATCH) {
      let matched = this.output[this.written - this.distances[0] - 1] ?? 0;
      let offset = 0x100;
      while (symbol < 0x100) {
        matched <<= 1;
        const matchedBit = matched & offset;
        const bit = range.bit(this.literals, base + offset + matchedBit + symbol);
        symbol = (symbol << 1) | bit;
        offset &= bit === 1 ? matchedBit : ~matchedBit;
      }
    } else {
      while (symbol < 0x100) symbol = (symbol << 1) | range.bit(this.literals, base + symbol);
    }
    this.output[this.written++] = symbol;
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
  }

  private match(range: RangeDecoder, positionState: number): number {
    this.state = this.state < FIRST_STATE_AFTER_MATCH ? 7 : 10;
    const length = this.matchLength.read(range, positionState);
    const { distances } = this;
    distances[3] = distances[2];
    distances[2] = distances[1];
    distances[1] = distances[0];
    distances[0] = this.distance(range, Math.min(length - MIN_MATCH, LENGTH_STATES - 1));
    return length;
  }

  private distance(range: RangeDecoder, lengthState: number): number {
    const slot = range.tree(this.slots, lengthState << 6, 6);
    if (slot < FIRST_MODELLED_SLOT) return slot;
    const bits = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) * 2 ** bits;
    if (slot < FIRST_DIRECT_SLOT) return high + range.reverseTree(this.modelledDistances, high - slot, bits);
    return high + range.direct(bits - ALIGN_BITS) * 2 ** ALIGN_BITS + range.reverseTree(this.align, 0, ALIGN_BITS);
  }

  private repeat(range: RangeDecoder, context: number, positionState: number): number {
    const { distances, state } = this;
    if (range.bit(this.isRepeat0, state) === 0) {
      if (range.bit(this.isShortRepeat, context) === 0) {
        this.state = state < FIRST_STATE_AFTER_MATCH ? 9 : 11;
        return 1;
      }
    } else {
      let distance = distances[1];
      if (range.bit(this.isRepeat1, state) === 1) {
        distance = distances[2];
        if (range.bit(this.isRepeat2, state) === 1) {
          distance = distances[3];
          distances[3] = distances[2];
        }
        distances[2] = distances[1];
      }
      distances[1] = distances[0];
      distances[0] = distance;
    }
    this.state = state < FIRST_STATE_AFTER_MATCH ? 8 : 11;
    return this.repeatLength.read(range, positionState);
  }
}

/** Match lengths 2 to 273 in three ranges: 8, 8 and 256 values. */
class LengthDecoder {
  private readonly choices = evenProbabilities(2);
  private readonly low = evenProbabilities(POSITION_STATES << 3);
  private readonly middle = evenProbabilities(POSITION_STATES << 3);
  private readonly high = evenProbabilities(256);

  read(range: RangeDecoder, positionState: number): number {
    if (range.bit(this.choices, 0) === 0) return MIN_MATCH + range.tree(this.low, positionState << 3, 3);
    if (range.bit(this.choices, 1) === 0) return MIN_MATCH + 8 + range.tree(this.middle, positionState << 3, 3);
    return MIN_MATCH + 16 + range.tree(this.high, 0, 8);
  }
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('xz', reason);
}
