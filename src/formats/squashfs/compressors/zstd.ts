import { SquashfsUnsupportedError } from '../squashfs-error.js';
import { CorruptBlockError } from './decompressor.js';
import { copyMatch } from './match.js';
import { readLiterals, type LiteralMemory } from './zstd-literals.js';
import { decodeSequences, newSequenceMemory, type SequenceMemory } from './zstd-sequences.js';

const MAGIC = 0xfd2f_b528;
const MAX_ZSTD_BLOCK = 128 * 1024;
/** A squashfs block of 1 MiB takes some hundreds at most. Each may bring tables, which cost far more than the bytes that describe them. */
const MAX_BLOCKS = 4096;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];

/**
 * One zstd frame (RFC 8878) without a dictionary. The output is the window, so that a frame's window size does not matter here. A checksum
 * is passed over: mksquashfs writes none.
 */
export function decompressZstd(input: Buffer, maxBytes: number): Buffer {
  const frame = new Frame(input, maxBytes);
  return frame.decode();
}

class Frame {
  private readonly output: Buffer;
  private written = 0;
  private read = 0;
  private readonly literalMemory: LiteralMemory = { code: null };
  private readonly sequenceMemory: SequenceMemory = newSequenceMemory();

  constructor(
    private readonly input: Buffer,
    maxBytes: number,
  ) {
    this.output = Buffer.allocUnsafe(maxBytes);
  }

  decode(): Buffer {
    const sizeBytes = this.header();
    for (let count = 1; ; count++) {
      if (count > MAX_BLOCKS) throw corrupt('it has too many blocks');
      const header = this.number(3);
      this.block((header >> 1) & 3, header >> 3);
      if ((header & 1) === 1) break;
    }
    if (sizeBytes !== null && sizeBytes !== this.written) throw corrupt('it is not as long as it says');
    return this.output.subarray(0, this.written);
  }

  /** Returns the frame's content size where it says one. */
  private header(): number | null {
    if (this.number(4) !== MAGIC) throw corrupt('it does not start as such');
    const flags = this.number(1);
    if ((flags & 0x08) !== 0) throw corrupt('it has unknown flags');
    const isSingleSegment = (flags & 0x20) !== 0;
    if (!isSingleSegment) this.number(1);
    if (this.number(DICTIONARY_ID_BYTES[flags & 3] ?? 0) !== 0) {
      throw new SquashfsUnsupportedError('the snap file uses a zstd dictionary');
    }
    const sizeFormat = flags >> 6;
    if (sizeFormat === 0) return isSingleSegment ? this.number(1) : null;
    return this.number(CONTENT_SIZE_BYTES[sizeFormat] ?? 0) + (sizeFormat === 1 ? 256 : 0);
  }

  private block(type: number, size: number): void {
    if (size > MAX_ZSTD_BLOCK) throw corrupt('a block is too large');
    switch (type) {
      case 0:
        this.append(this.bytes(size));
        return;
      case 1: {
        const value = this.number(1);
        this.checkRoom(size);
        this.output.fill(value, this.written, this.written + size);
        this.written += size;
        return;
      }
      case 2:
        this.compressedBlock(this.bytes(size));
        return;
      default:
        throw corrupt('a block is of unknown type');
    }
  }

  private compressedBlock(bytes: Buffer): void {
    const start = this.written;
    const room = Math.min(MAX_ZSTD_BLOCK, this.output.length - start);
    const [literals, literalBytes] = readLiterals(bytes, this.literalMemory, room);
    let used = 0;
    decodeSequences(bytes.subarray(literalBytes), this.sequenceMemory, (literalLength, matchLength, offset) => {
      if (literalLength > literals.length - used) throw corrupt('it has fewer literals than it uses');
      this.append(literals.subarray(used, used + literalLength));
      used += literalLength;
      if (offset < 1 || offset > this.written) throw corrupt('it copies from before its start');
      this.checkRoom(matchLength);
      this.written = copyMatch(this.output, this.written, offset, matchLength);
    });
    this.append(literals.subarray(used));
    if (this.written - start > MAX_ZSTD_BLOCK) throw corrupt('a block is too large');
  }

  private append(bytes: Buffer): void {
    this.checkRoom(bytes.length);
    this.output.set(bytes, this.written);
    this.written += bytes.length;
  }

  private checkRoom(bytes: number): void {
    if (bytes > this.output.length - this.written) throw corrupt('it is longer than a block');
  }

  private bytes(length: number): Buffer {
    const bytes = this.input.subarray(this.read, this.read + length);
    if (bytes.length < length) throw corrupt('it ends early');
    this.read += length;
    return bytes;
  }

  /** Little-endian; what is beyond 2^53 is beyond every limit as well. */
  private number(length: number): number {
    return this.bytes(length).reduceRight((value, byte) => value * 256 + byte, 0);
  }
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('zstd', reason);
}
