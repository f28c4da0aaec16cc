import { CorruptBlockError } from './decompressor.js';
import { decodeHuffman, readHuffmanTable, type HuffmanTable } from './zstd-huffman.js';

const JUMP_TABLE_BYTES = 6;

/** The Huffman code of the last block that brought one. */
export interface LiteralMemory {
  code: HuffmanTable | null;
}

interface Header {
  readonly bytesRead: number;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  readonly streams: 1 | 4;
}

/**
 * Reads the literals at the start of a block (RFC 8878, 3.1.1.3.1): as they are, one repeated, or Huffman coded. Returns them
 * and the bytes that they took.
 */
export function readLiterals(
  bytes: Buffer,
  memory: LiteralMemory,
  maxBytes: number,
): [literals: Buffer, bytesRead: number] {
  const type = byteAt(bytes, 0) & 3;
  const header = type < 2 ? plainHeader(bytes, type) : codedHeader(bytes);
  const { bytesRead, sizeBytes, storedBytes } = header;
  if (sizeBytes > maxBytes) throw corrupt('it is longer than a block');
  const stored = bytes.subarray(bytesRead, bytesRead + storedBytes);
  if (stored.length < storedBytes) throw corrupt('it ends in its literals');
  const end = bytesRead + storedBytes;
  switch (type) {
    case 0:
      return [stored, end];
    case 1:
      return [Buffer.alloc(sizeBytes, byteAt(stored, 0)), end];
    case 2: {
      const [code, codeBytes] = readHuffmanTable(stored);
      memory.code = code;
      return [decode(code, stored.subarray(codeBytes), header), end];
    }
    default:
      if (memory.code === null) throw corrupt('it repeats a Huffman code that it does not have');
      return [decode(memory.code, stored, header), end];
  }
}

function plainHeader(bytes: Buffer, type: number): Header {
  const first = byteAt(bytes, 0);
  const format = (first >> 2) & 3;
  let sizeBytes = first >> 3;
  if (format === 1) sizeBytes = (first >> 4) + (byteAt(bytes, 1) << 4);
  if (format === 3) sizeBytes = (first >> 4) + (byteAt(bytes, 1) << 4) + (byteAt(bytes, 2) << 12);
  const bytesRead = format === 1 ? 2 : format === 3 ? 3 : 1;
  return { bytesRead, sizeBytes, storedBytes: type === 1 ? 1 : sizeBytes, streams: 1 };
}

/** Two sizes of 10, 14 or 18 bits behind four bits of format. */
function codedHeader(bytes: Buffer): Header {
  const format = (byteAt(bytes, 0) >> 2) & 3;
  const bytesRead = format === 3 ? 5 : format === 2 ? 4 : 3;
  if (bytes.length < bytesRead) throw corrupt('it ends in its literals');
  const sizeBits = format === 3 ? 18 : format === 2 ? 14 : 10;
  const sizes = Math.floor(bytes.readUIntLE(0, bytesRead) / 16);
  const sizeBytes = sizes % 2 ** sizeBits;
  return { bytesRead, sizeBytes, storedBytes: Math.floor(sizes / 2 ** sizeBits), streams: format === 0 ? 1 : 4 };
}

/** One stream, or four that each hold a quarter of the literals, rounded up, with the lengths of the first three before them. */
function decode(code: HuffmanTable, bytes: Buffer, { sizeBytes, streams }: Header): Buffer {
  const output = Buffer.allocUnsafe(sizeBytes);
  if (streams === 1) {
    decodeHuffman(code, bytes, output);
    return output;
  }
  const quarter = (sizeBytes + 3) >> 2;
  if (bytes.length < JUMP_TABLE_BYTES || quarter * 3 > sizeBytes) throw corrupt('it ends in its literals');
  let start = JUMP_TABLE_BYTES;
  for (let index = 0; index < 4; index++) {
    const end = index === 3 ? bytes.length : start + bytes.readUInt16LE(index * 2);
    if (end > bytes.length) throw corrupt('it ends in its literals');
    const part = output.subarray(index * quarter, index === 3 ? sizeBytes : (index + 1) * quarter);
    decodeHuffman(code, bytes.subarray(start, end), part);
    start = end;
  }
  return output;
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw corrupt('it ends in its literals');
  return byte;
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('zstd', reason);
}
