import { type Field, type FieldKind, FieldReader } from './fields.js';
import { type Caveat, Macaroon } from './macaroon.js';
import { InvalidMacaroonError } from './macaroon.errors.js';

/** Four hexadecimal digits, which count themselves too. */
const LENGTH_DIGITS = 4;
const MAX_PACKET_BYTES = 0xffff;

const NAMES: Readonly<Partial<Record<FieldKind, string>>> = {
  location: 'location',
  identifier: 'identifier',
  'caveat-id': 'cid',
  'verification-id': 'vid',
  'caveat-location': 'cl',
  signature: 'signature',
};
const KINDS = new Map(Object.entries(NAMES).map(([kind, name]) => [name, kind as FieldKind]));

/** The packets of libmacaroons' first version: length, name, space, value, line feed. @throws InvalidMacaroonError */
export function encodeVersionOne({ location, identifier, caveats, signature }: Macaroon): Buffer {
  return Buffer.concat([
    packet('location', Buffer.from(location ?? '')),
    packet('identifier', identifier),
    ...caveats.flatMap((caveat) => [
      packet('caveat-id', caveat.id),
      ...(caveat.verificationId === null ? [] : [packet('verification-id', caveat.verificationId)]),
      ...(caveat.location === null ? [] : [packet('caveat-location', Buffer.from(caveat.location))]),
    ]),
    packet('signature', signature),
  ]);
}

/** @throws InvalidMacaroonError */
export function decodeVersionOne(bytes: Buffer): Macaroon {
  const fields = new FieldReader(readPackets(bytes));
  const location = fields.required('location').toString('utf8');
  const identifier = fields.required('identifier');
  const caveats: Caveat[] = [];
  for (let id = fields.optional('caveat-id'); id !== null; id = fields.optional('caveat-id')) {
    const verificationId = fields.optional('verification-id');
    const caveatLocation = fields.optional('caveat-location')?.toString('utf8') ?? null;
    caveats.push({ id, verificationId, location: caveatLocation });
  }
  const signature = fields.required('signature');
  if (!fields.isAtEnd) throw new InvalidMacaroonError('the macaroon goes on after its signature');
  return Macaroon.fromParts({ location: location === '' ? null : location, identifier, caveats, signature });
}

function packet(kind: FieldKind, value: Buffer): Buffer {
  const name = NAMES[kind] ?? '';
  const length = LENGTH_DIGITS + name.length + value.length + 2;
  if (length > MAX_PACKET_BYTES)
    throw new InvalidMacaroonError(`the macaroon's ${kind} is too long for its first version`);
  const head = `${length.toString(16).padStart(LENGTH_DIGITS, '0')}${name} `;
  return Buffer.concat([Buffer.from(head), value, Buffer.from('\n')]);
}

function readPackets(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const digits = bytes.toString('latin1', at, at + LENGTH_DIGITS);
    const length = /^[0-9a-f]{4}$/.test(digits) ? parseInt(digits, 16) : 0;
    const packetBytes = bytes.subarray(at + LENGTH_DIGITS, at + length);
    const space = packetBytes.indexOf(' ');
    if (length <= LENGTH_DIGITS || at + length > bytes.length || space < 0 || packetBytes.at(-1) !== 0x0a) {
      throw new InvalidMacaroonError(`the macaroon is damaged at byte ${at}`);
    }
    const kind = KINDS.get(packetBytes.toString('latin1', 0, space));
    if (kind === undefined) throw new InvalidMacaroonError(`the macaroon has a field at byte ${at} that none has`);
    fields.push({ kind, value: Buffer.from(packetBytes.subarray(space + 1, -1)) });
    at += length;
  }
  return fields;
}
