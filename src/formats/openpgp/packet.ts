import { InvalidOpenPgpError } from './openpgp.errors.js';

export const PacketTag = { signature: 2, secretKey: 5, publicKey: 6 } as const;

export interface Packet {
  readonly tag: number;
  readonly body: Buffer;
  /** What follows the packet. */
  readonly rest: Buffer;
}

/**
 * Reads the first packet in old or new framing (RFC 4880, 4.2). Partial and indeterminate lengths, which the RFC keeps for
 * data packets, are refused.
 * @throws InvalidOpenPgpError
 */
export function readPacket(bytes: Buffer): Packet {
  const reader = new ByteReader(bytes);
  const header = reader.byte();
  if ((header & 0x80) === 0) throw new InvalidOpenPgpError('an OpenPGP packet starts with a byte of 128 or more');
  const isNewFormat = (header & 0x40) !== 0;
  const tag = isNewFormat ? header & 0x3f : (header & 0x3c) >> 2;
  const length = isNewFormat ? readNewLength(reader) : readOldLength(reader, header & 0x03);
  const body = reader.take(length);
  return { tag, body, rest: reader.rest() };
}

/** Frames a packet in the new format with the shortest length, as snapd writes it. */
export function writePacket(tag: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0xc0 | tag), newLength(body.length), body]);
}

/** A number: its length in bits as two bytes, then its bytes (RFC 4880, 3.2). Leading zero bytes are not written. */
export function writeMpi(number: Uint8Array): Buffer {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start += 1;
  const bytes = number.subarray(start);
  const bits = bytes.length * 8 - Math.clz32(bytes[0] ?? 0) + 24;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bits);
  return Buffer.concat([length, bytes]);
}

/** Takes a packet's fields from its front; running out of bytes is an error that names nothing but the fact. */
export class ByteReader {
  private offset = 0;

  constructor(private readonly bytes: Buffer) {}

  byte(): number {
    return this.take(1).readUInt8();
  }

  uint16(): number {
    return this.take(2).readUInt16BE();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  mpi(): Buffer {
    return this.take(Math.ceil(this.uint16() / 8));
  }

  take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.bytes.length) throw new InvalidOpenPgpError('an OpenPGP packet ends too early');
    const taken = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  rest(): Buffer {
    return this.bytes.subarray(this.offset);
  }

  /** @throws InvalidOpenPgpError unless everything was taken */
  end(what: string): void {
    if (this.offset !== this.bytes.length) throw new InvalidOpenPgpError(`the ${what} has bytes after its end`);
  }
}

function readNewLength(reader: ByteReader): number {
  const first = reader.byte();
  if (first < 192) return first;
  if (first < 224) return ((first - 192) << 8) + reader.byte() + 192;
  if (first < 255) throw new InvalidOpenPgpError('an OpenPGP packet with partial lengths is not read here');
  return reader.uint32();
}

function readOldLength(reader: ByteReader, lengthType: number): number {
  if (lengthType === 0) return reader.byte();
  if (lengthType === 1) return reader.uint16();
  if (lengthType === 2) return reader.uint32();
  throw new InvalidOpenPgpError('an OpenPGP packet of indeterminate length is not read here');
}

function newLength(length: number): Buffer {
  if (length < 192) return Buffer.of(length);
  if (length < 8384) return Buffer.of(((length - 192) >> 8) + 192, (length - 192) & 0xff);
  const bytes = Buffer.alloc(5, 0xff);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
