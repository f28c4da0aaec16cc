import { type Field, type FieldKind, FieldReader } from './fields.js';
import { type Caveat, Macaroon } from './macaroon.js';
import { InvalidMacaroonError } from './macaroon.errors.js';

/** The byte that a macaroon of this version starts with. */
export const VERSION_TWO = 2;

/** A caveat's id and location are the same kinds of field as the macaroon's own. */
const NUMBERS = { end: 0, location: 1, identifier: 2, 'verification-id': 4, signature: 6 } as const;
const KINDS = new Map<number, FieldKind>(Object.entries(NUMBERS).map(([kind, number]) => [number, kind as FieldKind]));
const MAX_NUMBER_BYTES = 4;

/** The fields of libmacaroons' second version: number, length, value; every section ends with number 0. */
export function encodeVersionTwo({ location, identifier, caveats, signature }: Macaroon): Buffer {
  return Buffer.concat([
    Buffer.of(VERSION_TWO),
    ...section(location, identifier),
    ...caveats.flatMap((caveat) => section(caveat.location, caveat.id, caveat.verificationId)),
    Buffer.of(NUMBERS.end),
    field('signature', signature),
  ]);
}

/** @throws InvalidMacaroonError */
export function decodeVersionTwo(bytes: Buffer): Macaroon {
  const fields = new FieldReader(readFields(bytes));
  const location = fields.optional('location')?.toString('utf8') ?? null;
  const identifier = fields.required('identifier');
  fields.required('end');
  const caveats: Caveat[] = [];
  while (fields.optional('end') === null) {
    const caveatLocation = fields.optional('location')?.toString('utf8') ?? null;
    const id = fields.required('identifier');
    const verificationId = fields.optional('verification-id');
    fields.required('end');
    caveats.push({ id, verificationId, location: caveatLocation });
  }
  const signature = fields.required('signature');
  if (!fields.isAtEnd) throw new InvalidMacaroonError('the macaroon goes on after its signature');
  return Macaroon.fromParts({ location, identifier, caveats, signature });
}

function section(location: string | null, identifier: Buffer, verificationId: Buffer | null = null): Buffer[] {
  return [
    ...(location === null ? [] : [field('location', Buffer.from(location))]),
    field('identifier', identifier),
    ...(verificationId === null ? [] : [field('verification-id', verificationId)]),
    Buffer.of(NUMBERS.end),
  ];
}

function field(kind: keyof typeof NUMBERS, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(NUMBERS[kind]), writeNumber(value.length), value]);
}

function writeNumber(number: number): Buffer {
  const bytes: number[] = [];
  let rest = number;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.of(...bytes, rest);
}

function readFields(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 1; at < bytes.length;) {
    const kind = KINDS.get(bytes[at] ?? -1);
    if (kind === undefined) throw new InvalidMacaroonError(`the macaroon has a field at byte ${at} that none has`);
    at += 1;
    if (kind === 'end') {
      fields.push({ kind, value: Buffer.alloc(0) });
      continue;
    }
    const length = readNumber(bytes, at);
    const start = at + length.sizeBytes;
    if (start + length.number > bytes.length) throw new InvalidMacaroonError(`the macaroon is damaged at byte ${at}`);
    fields.push({ kind, value: Buffer.from(bytes.subarray(start, start + length.number)) });
    at = start + length.number;
  }
  return fields;
}

function readNumber(bytes: Buffer, at: number): { readonly number: number; readonly sizeBytes: number } {
  let number = 0;
  for (let read = 0; read < MAX_NUMBER_BYTES; read += 1) {
    const byte = bytes[at + read];
    if (byte === undefined) break;
    number += (byte & 0x7f) * 2 ** (7 * read);
    if (byte < 0x80) return { number, sizeBytes: read + 1 };
  }
  throw new InvalidMacaroonError(`the macaroon is damaged at byte ${at}`);
}
