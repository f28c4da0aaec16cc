import fc from 'fast-check';

import type { WireRequest } from './wire.js';

/** What programs are known to stumble over: for databases, patterns, paths, numbers and JavaScript's own objects. */
const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\ufeff',
  '\u2028',
  '..',
  '../../../../etc/passwd',
  '/',
  '%00',
  '%',
  '\\',
  "'",
  "'; DROP TABLE snap_store.snap; --",
  '"',
  '$1',
  '(((((((((((((((((((((((((((((',
  '!&|<->:*',
  '%_%_%_%_%_%_%',
  '[a-z]+)*$',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '2147483648',
  '9223372036854775808',
  '1e400',
  '2026-13-45T99:99:99Z',
  '-9999-01-01T00:00:00Z',
  'latest/stable',
  '//',
  'a/b/c/d',
  'x'.repeat(600),
  'é'.repeat(300),
  '\n',
  'a\r\nb: c',
  '🐍'.repeat(50),
];

export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
);

const oddNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, -1, 1.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 2 ** 63, 1e308, -1e308, 5e-324),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Any JSON, small. */
export const oddJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: oddText },
  { weight: 2, arbitrary: oddNumber },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false, [], {}, [[]], [null], { '': null }) },
  { weight: 1, arbitrary: fc.array(oddText, { maxLength: 12 }) },
  { weight: 1, arbitrary: fc.dictionary(oddText, oddText, { maxKeys: 5 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

type Path = readonly (string | number)[];

interface Change {
  /** Which of the places in the value, as a part of all of them. */
  readonly where: number;
  readonly how: 'replace' | 'remove' | 'double' | 'rename';
  readonly value: unknown;
  readonly name: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'double', 'rename'),
  value: oddJson,
  name: oddText,
});

/** A value with up to three things in it that are not as they should be; as often as not with none. */
export function nearly(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const changes = fc.oneof(
    { weight: 1, arbitrary: fc.constant<Change[]>([]) },
    { weight: 1, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
  );
  return fc.tuple(value, changes).map(([sound, list]) => list.reduce(changed, sound));
}

function changed(value: unknown, { where, how, value: other, name }: Change): unknown {
  const copy = structuredClone(value);
  const paths = placesIn(copy);
  const path = paths[Math.floor(where * paths.length)];
  const last = path?.at(-1);
  if (path === undefined || last === undefined) return how === 'replace' ? other : copy;
  const holder = path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy);
  if (Array.isArray(holder)) {
    const index = Number(last);
    if (how === 'remove') holder.splice(index, 1);
    else if (how === 'double') holder.push(holder[index]);
    else holder[index] = other;
    return copy;
  }
  const map = holder as Record<string, unknown>;
  if (how === 'remove') Reflect.deleteProperty(map, last);
  else if (how === 'double') map[`${last}`] = [map[last], map[last]];
  else if (how === 'rename') define(map, name, map[last]);
  else map[last] = other;
  return copy;
}

/** As JSON.parse does it, also under the name `__proto__`. */
function define(map: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
}

function placesIn(value: unknown, path: Path = []): Path[] {
  const inner =
    value !== null && typeof value === 'object'
      ? Object.entries(value).flatMap(([key, each]) =>
          placesIn(each, [...path, Array.isArray(value) ? Number(key) : key]),
        )
      : [];
  return [path, ...inner];
}

interface Damage {
  readonly kind: 'cut' | 'flip' | 'insert' | 'repeat';
  readonly where: number;
  readonly bytes: Uint8Array;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('cut', 'flip', 'insert', 'repeat'),
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
});

/** Bytes that were damaged on their way, now and then. */
export function damaged(
  bytes: fc.Arbitrary<Buffer>,
  soundToDamaged: readonly [number, number] = [4, 1],
): fc.Arbitrary<Buffer> {
  return fc.oneof(
    { weight: soundToDamaged[0], arbitrary: bytes },
    {
      weight: soundToDamaged[1],
      arbitrary: fc
        .tuple(bytes, fc.array(damage, { minLength: 1, maxLength: 3 }))
        .map(([sound, list]) => list.reduce(afterDamage, sound)),
    },
  );
}

function afterDamage(bytes: Buffer, { kind, where, bytes: given }: Damage): Buffer {
  const at = Math.floor(where * bytes.length);
  const head = bytes.subarray(0, at);
  if (kind === 'cut') return Buffer.from(head);
  if (kind === 'flip') return Buffer.concat([head, given, bytes.subarray(at + given.length)]);
  if (kind === 'insert') return Buffer.concat([head, given, bytes.subarray(at)]);
  return Buffer.concat([bytes, bytes.subarray(at)]);
}

/** What is dear to read, or nothing at all. */
const ODD_BODIES: readonly Buffer[] = [
  '',
  ' ',
  'null',
  '0',
  '""',
  '[]',
  '{}',
  '[[[]]]',
  '['.repeat(20_000),
  `${'['.repeat(3_000)}${']'.repeat(3_000)}`,
  `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`,
  '{"__proto__":{"actions":[]}}',
  '{"actions":[],"actions":[{}]}',
  '1e999',
  `"${'x'.repeat(100_000)}"`,
  `[${'0,'.repeat(50_000)}0]`,
  '\ufeff{}',
  '{"actions":[{"action":"install","instance-key":"\\ud800","name":"\\u0000"}]}',
].map((text) => Buffer.from(text));

/** The body of a request whose endpoint takes JSON: nearly right most of the time, so that it gets past the first check. */
export function jsonBody(sound: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> {
  return fc.oneof(
    { weight: 12, arbitrary: damaged(nearly(sound).map(toBytes)) },
    { weight: 1, arbitrary: oddJson.map(toBytes) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_BODIES) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** As a browser would write it; of half a character it makes a whole one. */
export function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

/** A part of a path or query: encoded as it should be, or not. */
export const oddPart: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: oddText.map(encoded) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%', '%zz', '%00', '%c0%af', '%ff', '%ed%a0%80', '%2e%2e', '+', '..', '.', '', '*', ':'),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~]{0,30}$/) },
);

/** A query with the parameters that an endpoint knows, each absent, as it should be, or odd; and some that it does not know. */
export function query(known: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const names = Object.keys(known);
  const pair = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.oneof(
        ...names.map((name) =>
          fc
            .oneof({ weight: 6, arbitrary: known[name]! }, { weight: 1, arbitrary: oddPart })
            .map((value) => `${name}=${value}`),
        ),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(oddPart, oddPart).map(([name, value]) => `${name}=${value}`) },
    { weight: 1, arbitrary: fc.constantFrom('', '=', '&', '?', ...names) },
  );
  return fc.array(pair, { maxLength: 5 }).map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));
}

/** Headers that a device may send, each absent, as it should be, or odd. */
export function headers(
  known: Readonly<Record<string, fc.Arbitrary<string>>>,
  oddity = 1,
): fc.Arbitrary<WireRequest['headers']> {
  const names = Object.keys(known);
  const each = names.map((name) =>
    fc
      .oneof(
        { weight: 24, arbitrary: known[name]! },
        { weight: oddity, arbitrary: oddText.map(asHeaderValue) },
        { weight: oddity, arbitrary: fc.constant(null) },
      )
      .map((value) => (value === null ? null : ([name, value] as const))),
  );
  return fc.tuple(...each).map((list) => list.filter((one) => one !== null));
}

/** What may stand on a header's line; the rest is what the `raw` kind is for. */
function asHeaderValue(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[\0-\x08\x0a-\x1f\x7f]/g, '');
}

export const NO_BODY = Buffer.alloc(0);
