import { CorruptBlockError } from './decompressor.js';
import { BackwardBits } from './zstd-bits.js';
import { buildFseTable, FseState, readFseTable, singleSymbolTable, type FseTable } from './zstd-fse.js';

/** One kind of code: how values follow from it (RFC 8878, 3.1.1.3.2), and the table that is used where a block brings none. */
interface CodeKind {
  readonly maxAccuracy: number;
  readonly maxCode: number;
  readonly defaultTable: FseTable;
}

const LITERAL_LENGTH_BITS = [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const MATCH_LENGTH_BITS = [...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const LITERAL_LENGTH_BASES = bases(LITERAL_LENGTH_BITS, 0);
const MATCH_LENGTH_BASES = bases(MATCH_LENGTH_BITS, 3);
/** 2^22: a squashfs block has at most 2^20 bytes, so that nothing sound points further back. */
const MAX_OFFSET_CODE = 22;

const LITERAL_LENGTHS: CodeKind = {
  maxAccuracy: 9,
  maxCode: 35,
  defaultTable: buildFseTable([4, 3, ...twos(11), 1, 1, 1, ...twos(9), 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1], 6),
};
const OFFSETS: CodeKind = {
  maxAccuracy: 8,
  maxCode: 31,
  defaultTable: buildFseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, ...ones(15), -1, -1, -1, -1, -1], 5),
};
const MATCH_LENGTHS: CodeKind = {
  maxAccuracy: 9,
  maxCode: 52,
  defaultTable: buildFseTable([1, 4, 3, ...twos(6), ...ones(37), -1, -1, -1, -1, -1, -1, -1], 6),
};

/** What carries over from block to block of one frame. */
export interface SequenceMemory {
  tables: SequenceTables | null;
  /** The last three offsets, newest first. */
  offsets: [number, number, number];
}

interface SequenceTables {
  readonly literalLengths: FseTable;
  readonly offsets: FseTable;
  readonly matchLengths: FseTable;
}

export function newSequenceMemory(): SequenceMemory {
  return { tables: null, offsets: [1, 4, 8] };
}

/**
 * Reads a block's sequences and hands each one on: so many literals, then so many bytes from `offset` back.
 * @throws CorruptBlockError where the bytes do not hold exactly as many sequences as they say
 */
export function decodeSequences(
  bytes: Buffer,
  memory: SequenceMemory,
  execute: (literals: number, matchLength: number, offset: number) => void,
): void {
  const header = readCount(bytes);
  if (header.count === 0) {
    if (bytes.length !== header.bytesRead) throw corrupt('something follows its sequences');
    return;
  }
  const [tables, tablesBytes] = readTables(bytes.subarray(header.bytesRead), memory.tables);
  memory.tables = tables;

  const input = new BackwardBits(bytes.subarray(header.bytesRead + tablesBytes));
  const literalLengths = new FseState(tables.literalLengths, input);
  const offsets = new FseState(tables.offsets, input);
  const matchLengths = new FseState(tables.matchLengths, input);
  for (let count = header.count; count > 0; count--) {
    const offsetCode = offsets.symbol;
    if (offsetCode > MAX_OFFSET_CODE) throw corrupt('it copies from before its start');
    const offsetValue = (1 << offsetCode) + input.read(offsetCode);
    const matchCode = matchLengths.symbol;
    const matchLength = (MATCH_LENGTH_BASES[matchCode] ?? 0) + input.read(MATCH_LENGTH_BITS[matchCode] ?? 0);
    const literalCode = literalLengths.symbol;
    const literals = (LITERAL_LENGTH_BASES[literalCode] ?? 0) + input.read(LITERAL_LENGTH_BITS[literalCode] ?? 0);
    if (input.left < 0) throw corrupt('its sequences end early');
    execute(literals, matchLength, takeOffset(memory, offsetValue, literals));
    if (count > 1) {
      literalLengths.advance();
      matchLengths.advance();
      offsets.advance();
    }
  }
  if (input.left !== 0) throw corrupt('its sequences do not fit their bits');
}

function readCount(bytes: Buffer): { count: number; bytesRead: number } {
  const first = byteAt(bytes, 0);
  if (first < 128) return { count: first, bytesRead: 1 };
  if (first < 255) return { count: ((first - 128) << 8) + byteAt(bytes, 1), bytesRead: 2 };
  return { count: byteAt(bytes, 1) + (byteAt(bytes, 2) << 8) + 0x7f00, bytesRead: 3 };
}

/** Reads how the three kinds of codes are encoded in this block. Returns their tables and the bytes that say so. */
function readTables(bytes: Buffer, last: SequenceTables | null): [tables: SequenceTables, bytesRead: number] {
  const modes = byteAt(bytes, 0);
  if ((modes & 3) !== 0) throw corrupt('its sequences have unknown flags');
  let at = 1;
  const table = (mode: number, kind: CodeKind, repeated: FseTable | undefined): FseTable => {
    switch (mode & 3) {
      case 0:
        return kind.defaultTable;
      case 1: {
        const symbol = byteAt(bytes, at++);
        if (symbol > kind.maxCode) throw corrupt('its sequences have an unknown code');
        return singleSymbolTable(symbol);
      }
      case 2: {
        const [read, bytesRead] = readFseTable(bytes.subarray(at), kind.maxAccuracy, kind.maxCode);
        at += bytesRead;
        return read;
      }
      default:
        if (repeated === undefined) throw corrupt('it repeats tables that it does not have');
        return repeated;
    }
  };
  const tables = {
    literalLengths: table(modes >> 6, LITERAL_LENGTHS, last?.literalLengths),
    offsets: table(modes >> 4, OFFSETS, last?.offsets),
    matchLengths: table(modes >> 2, MATCH_LENGTHS, last?.matchLengths),
  };
  return [tables, at];
}

/** Values 1 to 3 name one of the last offsets; without literals before them they mean the next one, at last the newest less one. */
function takeOffset(memory: SequenceMemory, value: number, literals: number): number {
  const [first, second, third] = memory.offsets;
  if (value > 3) {
    memory.offsets = [value - 3, first, second];
    return value - 3;
  }
  switch (value + (literals === 0 ? 1 : 0)) {
    case 1:
      return first;
    case 2:
      memory.offsets = [second, first, third];
      return second;
    case 3:
      memory.offsets = [third, first, second];
      return third;
    default:
      memory.offsets = [first - 1, first, second];
      return first - 1;
  }
}

function bases(bits: readonly number[], start: number): number[] {
  let base = start;
  return bits.map((count) => {
    const own = base;
    base += 1 << count;
    return own;
  });
}

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

function ones(count: number): number[] {
  return new Array<number>(count).fill(1);
}

function twos(count: number): number[] {
  return new Array<number>(count).fill(2);
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw corrupt('its sequences end early');
  return byte;
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('zstd', reason);
}
