import { CorruptBlockError } from './decompressor.js';
import { type BackwardBits, ForwardBits, highestBit } from './zstd-bits.js';

const MIN_ACCURACY = 5;
/** The probability of a symbol that has a single state, and all of its bits read anew after it. */
const LESS_THAN_ONE = -1;

/** A finite state entropy table (RFC 8878, 4.1): by state the symbol, and how the next state is found. */
export interface FseTable {
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** Reads a table's description. Returns the table and the bytes that describe it. */
export function readFseTable(
  bytes: Buffer,
  maxAccuracy: number,
  maxSymbol: number,
): [table: FseTable, bytesRead: number] {
  const input = new ForwardBits(bytes);
  const accuracy = input.read(4) + MIN_ACCURACY;
  if (accuracy > maxAccuracy) throw corrupt('a table is too accurate');

  const probabilities: number[] = [];
  let left = 1 << accuracy;
  while (left > 0) {
    if (probabilities.length > maxSymbol) throw corrupt('a table has too many symbols');
    const probability = readProbability(input, left);
    probabilities.push(probability);
    left -= Math.abs(probability);
    if (probability !== 0) continue;
    for (let repeat = 3; repeat === 3;) {
      repeat = input.read(2);
      for (let count = 0; count < repeat; count++) probabilities.push(0);
    }
  }
  if (!input.isWithin) throw corrupt('a table ends early');
  return [buildFseTable(probabilities, accuracy), input.bytesRead];
}

export function buildFseTable(probabilities: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const nextStates = new Uint16Array(probabilities.length);
  let unspread = size;
  probabilities.forEach((probability, symbol) => {
    nextStates[symbol] = Math.abs(probability);
    if (probability === LESS_THAN_ONE) symbols[--unspread] = symbol;
  });

  const step = (size >> 1) + (size >> 3) + 3;
  let state = 0;
  probabilities.forEach((probability, symbol) => {
    for (let count = 0; count < probability; count++) {
      symbols[state] = symbol;
      do state = (state + step) & (size - 1);
      while (state >= unspread);
    }
  });

  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  symbols.forEach((symbol, index) => {
    const next = nextStates[symbol] ?? 1;
    nextStates[symbol] = next + 1;
    const stateBits = accuracy - highestBit(next);
    bits[index] = stateBits;
    bases[index] = (next << stateBits) - size;
  });
  return { accuracy, symbols, bits, bases };
}

/** A table of one symbol, which takes no bits. */
export function singleSymbolTable(symbol: number): FseTable {
  return { accuracy: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** Where a decoder is in its table. */
export class FseState {
  private state: number;

  constructor(
    private readonly table: FseTable,
    private readonly input: BackwardBits,
  ) {
    this.state = input.read(table.accuracy);
  }

  get symbol(): number {
    return this.table.symbols[this.state] ?? 0;
  }

  advance(): void {
    this.state = (this.table.bases[this.state] ?? 0) + this.input.read(this.table.bits[this.state] ?? 0);
  }
}

/** Of values 0 to `left + 1` the lower ones take a bit less where the range is no power of two. */
function readProbability(input: ForwardBits, left: number): number {
  const bits = highestBit(left + 1) + 1;
  const lowMask = (1 << (bits - 1)) - 1;
  const shortValues = (1 << bits) - 1 - (left + 1);
  const value = input.peek(bits);
  if ((value & lowMask) < shortValues) {
    input.skip(bits - 1);
    return (value & lowMask) - 1;
  }
  input.skip(bits);
  return (value > lowMask ? value - shortValues : value) - 1;
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('zstd', reason);
}
