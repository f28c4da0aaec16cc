import { ARCHITECTURES, isArchitecture, type SnapArchitecture } from '../../kernel/architecture.js';
import { Channel } from '../../kernel/channel.js';
import { Sha3_384 } from '../../kernel/digest.js';
import { parseSnapName } from '../../kernel/snap-names.js';
import { messageOf } from '../../kernel/store-error.js';
import type { Fields } from './fields.js';
import { MOMENT } from './metadata-rules.js';

/*
 * The fields that signed documents about snaps have in common (docs/bundle-format.md, "Encodings"). Each reader complains
 * through its fields.
 */

/** The largest revision: assertions and snapd hold it in 32 bits. */
const MAX_REVISION = 0x7fff_ffff;

export function readCreated(fields: Fields): string {
  const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
  return moment(fields, 'created', pattern, 'RFC 3339 in UTC with whole seconds');
}

export function readTool(fields: Fields): { readonly name: string; readonly version: string } {
  return { name: fields.text('name', 100), version: fields.text('version', 100) };
}

export function readRevision(fields: Fields): number {
  return fields.whole('revision', 1, MAX_REVISION);
}

export function readDigest(fields: Fields): Sha3_384 {
  return fields.parsed('sha3-384', Sha3_384.fromHex.bind(Sha3_384));
}

export function readDigests(fields: Fields, key: string, max: number): Sha3_384[] {
  return fields.texts(key, max, 100).map((hex, index) => {
    try {
      return Sha3_384.fromHex(hex);
    } catch (error) {
      return fields.refuse(`${key}[${index}]`, `does not fit: ${messageOf(error)}`);
    }
  });
}

export function readArchitecture(fields: Fields): SnapArchitecture {
  return fields.parsed('architecture', (text) => {
    if (text === 'all' || isArchitecture(text)) return text;
    throw new TypeError(`"${text.slice(0, 40)}" is neither an architecture nor "all"`);
  });
}

/** What a revision runs on: at least one, none twice. */
export function readArchitectures(fields: Fields): SnapArchitecture[] {
  const architectures = fields.texts('architectures', ARCHITECTURES.length, 20);
  fields.unique('architectures', architectures);
  if (architectures.length === 0) fields.refuse('architectures', 'must name at least one');
  return architectures.map((name, index) => {
    if (name === 'all' || isArchitecture(name)) return name;
    return fields.refuse(`architectures[${index}]`, 'must be an architecture or "all"');
  });
}

/** Written in full, never `stable` for `latest/stable`. */
export function readChannel(fields: Fields): Channel {
  return fields.parsed('channel', (text) => {
    const channel = Channel.parse(text);
    if (channel.toString() === text) return channel;
    throw new TypeError(`"${text}" must be written in full, as "${channel.toString()}"`);
  });
}

/** A track stands alone here, so one that is also the name of a risk would be read as a risk by snapd. */
export function readDefaultTrack(fields: Fields): string | null {
  if (!fields.has('default-track')) return null;
  return fields.parsed('default-track', (text) => {
    if (Channel.parse(`${text}/stable`).track === text) return text;
    throw new TypeError(`"${text}" cannot be a track`);
  });
}

/** Which component revisions go with a revision of the snap. */
export function readPairs(fields: Fields, max: number): { readonly name: string; readonly revision: number }[] {
  const pairs = fields.objects('components', max, (pair) => ({
    name: pair.parsed('name', parseSnapName),
    revision: readRevision(pair),
  }));
  fields.unique(
    'components',
    pairs.map(({ name }) => name),
  );
  return pairs;
}

/** As the upstream store wrote it; absent and null are the same. */
export function optionalMoment(fields: Fields, key: string): string | null {
  return fields.has(key) ? moment(fields, key, MOMENT, 'a moment in RFC 3339') : null;
}

function moment(fields: Fields, key: string, pattern: RegExp, rule: string): string {
  const text = fields.matching(key, pattern, rule);
  return Number.isNaN(Date.parse(text)) ? fields.refuse(key, 'is not a moment that exists') : text;
}
