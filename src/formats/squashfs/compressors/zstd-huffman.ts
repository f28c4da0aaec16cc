import { CorruptBlockError } from './decompressor.js';
import { BackwardBits, highestBit } from './zstd-bits.js';
import { FseState, readFseTable } from './zstd-fse.js';

const MAX_CODE_BITS = 11;
const MAX_WEIGHTS = 255;
const MAX_WEIGHT_ACCURACY = 6;
const FIRST_DIRECT = 128;

/** A Huffman code (RFC 8878, 4.2): by the next `maxBits` bits, the symbol and how many of them it takes. */
export interface HuffmanTable {
  readonly maxBits: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** Reads a code's description. Returns the code and the bytes that describe it. */
export function readHuffmanTable(bytes: Buffer): [table: HuffmanTable, bytesRead: number] {
  const header = bytes[0];
  if (header === undefined) throw corrupt('a Huffman code is missing');
  const isDirect = header >= FIRST_DIRECT;
  const length = isDirect ? (header - FIRST_DIRECT + 2) >> 1 : header;
  const described = bytes.subarray(1, 1 + length);
  if (described.length < length) throw corrupt('a Huffman code ends early');
  const weights = isDirect ? directWeights(described, header - FIRST_DIRECT + 1) : compressedWeights(described);
  return [buildHuffmanTable(weights), 1 + length];
}

/** Fills `output` with what the bits stand for; they must be used up exactly. */
export function decodeHuffman(table: HuffmanTable, bytes: Buffer, output: Buffer): void {
  const input = new BackwardBits(bytes);
  for (let index = 0; index < output.length; index++) {
    const code = input.peek(table.maxBits);
    output[index] = table.symbols[code] ?? 0;
    input.skip(table.bits[code] ?? 0);
  }
  if (input.left !== 0) throw corrupt('its literals do not fit their bits');
}

/** Four bits each, the higher ones first. */
function directWeights(bytes: Buffer, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const byte = bytes[index >> 1] ?? 0;
    return index % 2 === 0 ? byte >> 4 : byte & 15;
  });
}

/** Two decoders take turns at one stream; where the bits end, each still holds a symbol. */
function compressedWeights(bytes: Buffer): number[] {
  const [table, tableBytes] = readFseTable(bytes, MAX_WEIGHT_ACCURACY, MAX_WEIGHTS);
  const input = new BackwardBits(bytes.subarray(tableBytes));
  let current = new FseState(table, input);
  let other = new FseState(table, input);
  if (input.left < 0) throw corrupt('a Huffman code ends early');
  const weights: number[] = [];
  for (;;) {
    weights.push(current.symbol);
    if (weights.length >= MAX_WEIGHTS) throw corrupt('a Huffman code has too many symbols');
    current.advance();
    if (input.left < 0) {
      weights.push(other.symbol);
      return weights;
    }
    [current, other] = [other, current];
  }
}

/** The last symbol's weight is not written: it is what makes the sum a power of two. */
function buildHuffmanTable(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > MAX_CODE_BITS) throw corrupt('a Huffman code is too long');
    if (weight > 0) sum += 1 << (weight - 1);
  }
  if (sum === 0) throw corrupt('a Huffman code has no symbols');
  const maxBits = highestBit(sum) + 1;
  const missing = (1 << maxBits) - sum;
  if (maxBits > MAX_CODE_BITS || (missing & (missing - 1)) !== 0) throw corrupt('a Huffman code is incomplete');
  const all = [...weights, highestBit(missing) + 1];

  const symbols = new Uint8Array(1 << maxBits);
  const bits = new Uint8Array(1 << maxBits);
  let code = 0;
  for (let weight = 1; weight <= maxBits; weight++) {
    all.forEach((symbolWeight, symbol) => {
      if (symbolWeight !== weight) return;
      const end = code + (1 << (weight - 1));
      symbols.fill(symbol, code, end);
      bits.fill(maxBits + 1 - weight, code, end);
      code = end;
    });
  }
  return { maxBits, symbols, bits };
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('zstd', reason);
}
