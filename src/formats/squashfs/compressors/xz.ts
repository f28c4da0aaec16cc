import { crc32 } from 'node:zlib';

import { SquashfsUnsupportedError } from '../squashfs-error.js';
import { CorruptBlockError } from './decompressor.js';
import { undoBranchFilter } from './branch-filters.js';
import { LzmaDecoder } from './lzma-decoder.js';
import { RangeDecoder } from './range-decoder.js';

const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const STREAM_HEADER_BYTES = 12;
const LZMA2 = 0x21;
/** A squashfs block of 1 MiB takes some 20 chunks. Each may reset the decoder, which costs far more than the bytes that say so. */
const MAX_CHUNKS = 1024;
const CHECK_CRC32 = 1;
/** Bytes of the check behind each block, by check id (xz file format, 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

interface Filter {
  readonly id: number;
  readonly properties: Buffer;
}

interface Work {
  chunks: number;
}

/**
 * One xz stream (xz: doc/xz-file-format.txt): blocks of LZMA2, branch filters before it where mksquashfs was told to use them.
 * As in the kernel, a CRC32 is checked and other checks are passed over: a snap's bytes are vouched for by its digest.
 */
export function decompressXz(input: Buffer, maxBytes: number): Buffer {
  if (input.length < STREAM_HEADER_BYTES || !input.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw corrupt('it does not start as such');
  }
  if (crc32(input.subarray(6, 8)) !== input.readUInt32LE(8)) throw corrupt('its header is damaged');
  const check = input.readUInt8(7);
  if (input.readUInt8(6) !== 0 || check > 15) throw corrupt('its header has unknown flags');

  const decoder = new LzmaDecoder(Buffer.allocUnsafe(maxBytes));
  const work: Work = { chunks: 0 };
  let position = STREAM_HEADER_BYTES;
  while (byteAt(input, position) !== 0) position = block(input, position, check, decoder, work);
  return decoder.output.subarray(0, decoder.written);
}

/** Decodes one block and returns where the next one, or the index, starts. */
function block(input: Buffer, start: number, check: number, decoder: LzmaDecoder, work: Work): number {
  const headerBytes = (byteAt(input, start) + 1) * 4;
  const header = input.subarray(start, start + headerBytes);
  if (header.length < headerBytes) throw corrupt('it ends early');
  if (crc32(header.subarray(0, -4)) !== header.readUInt32LE(headerBytes - 4)) {
    throw corrupt('the header of a block is damaged');
  }
  const filters = readFilters(header.subarray(0, -4));

  const first = decoder.written;
  let position = lzma2(input, start + headerBytes, decoder, work);
  const content = decoder.output.subarray(first, decoder.written);
  for (const filter of filters.reverse()) undoBranchFilter(filter.id, filter.properties, content);

  while ((position - start) % 4 !== 0) {
    if (byteAt(input, position++) !== 0) throw corrupt('its padding is not zero');
  }
  const checkBytes = CHECK_BYTES[check] ?? 0;
  if (position + checkBytes > input.length) throw corrupt('it ends early');
  if (check === CHECK_CRC32 && crc32(content) !== input.readUInt32LE(position)) {
    throw corrupt('its checksum does not match');
  }
  return position + checkBytes;
}

/** The filters before LZMA2, in the order in which they were applied. */
function readFilters(header: Buffer): Filter[] {
  const flags = byteAt(header, 1);
  if ((flags & 0x3c) !== 0) throw corrupt('a block has unknown flags');
  const cursor = { position: 2 };
  if ((flags & 0x40) !== 0) variableInteger(header, cursor);
  if ((flags & 0x80) !== 0) variableInteger(header, cursor);

  const filters: Filter[] = [];
  for (let count = (flags & 0x03) + 1; count > 0; count--) {
    const id = variableInteger(header, cursor);
    const length = variableInteger(header, cursor);
    const properties = header.subarray(cursor.position, cursor.position + length);
    if (properties.length < length) throw corrupt('the header of a block ends early');
    cursor.position += length;
    filters.push({ id, properties });
  }
  const last = filters.pop();
  if (last?.id !== LZMA2) {
    throw new SquashfsUnsupportedError(`the snap file uses xz filter ${last?.id ?? 0}`, { filter: last?.id ?? 0 });
  }
  return filters;
}

/** LZMA2: chunks that are stored or LZMA, each saying what of the decoder is reset before it. Returns where it ends. */
function lzma2(input: Buffer, start: number, decoder: LzmaDecoder, work: Work): number {
  let position = start;
  let needsDictionary = true;
  let needsProperties = true;
  for (;;) {
    const control = byteAt(input, position++);
    if (control === 0) return position;
    if (++work.chunks > MAX_CHUNKS) throw corrupt('it has too many chunks');

    if (control >= 0xe0 || control === 1) {
      decoder.resetDictionary();
      needsDictionary = false;
      needsProperties = true;
    } else if (needsDictionary) {
      throw corrupt('its first chunk does not start a dictionary');
    }

    if (control < 0x80) {
      if (control > 2) throw corrupt('it has an unknown chunk');
      const length = uint16(input, position) + 1;
      position += 2;
      decoder.copy(input.subarray(position, position + length));
      position += length;
      continue;
    }

    const length = ((control & 0x1f) << 16) + uint16(input, position) + 1;
    const compressedBytes = uint16(input, position + 2) + 1;
    position += 4;
    if (control >= 0xc0) {
      decoder.setProperties(byteAt(input, position++));
      needsProperties = false;
    }
    if (control >= 0xa0) decoder.resetState();
    if (needsProperties) throw corrupt('its first chunk does not set up the decoder');
    if (position + compressedBytes > input.length) throw corrupt('it ends early');
    const range = new RangeDecoder(input, position, position + compressedBytes);
    decoder.decode(range, decoder.written + length, { endMarker: false });
    position += compressedBytes;
    if (!range.isFinished()) throw corrupt('a chunk is longer than it says');
  }
}

function variableInteger(bytes: Buffer, cursor: { position: number }): number {
  let value = 0;
  for (let index = 0; index < 7; index++) {
    const byte = byteAt(bytes, cursor.position++);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  throw corrupt('it has a number beyond all sizes');
}

function uint16(bytes: Buffer, position: number): number {
  return (byteAt(bytes, position) << 8) | byteAt(bytes, position + 1);
}

function byteAt(bytes: Buffer, position: number): number {
  const byte = bytes[position];
  if (byte === undefined) throw corrupt('it ends early');
  return byte;
}

function corrupt(reason: string): CorruptBlockError {
  return new CorruptBlockError('xz', reason);
}
