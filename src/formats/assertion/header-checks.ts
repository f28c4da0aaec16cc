import { isSnapName } from '../../kernel/snap-names.js';
import { malformed } from './assertion.errors.js';
import { printable } from './assertion-ref.js';
import { type HeaderList, type HeaderMap, isHeaderList, isHeaderMap } from './headers.js';

/**
 * The checks that snapd's types share (asserts/header_checks.go). Each takes the map, the entry's name and what to call it, and
 * throws AssertionRefusedError. `where` completes the sentence: `"name" header`, `"id" of snap "jq"`.
 */

const INTEGER = /^[+-]?[0-9]+$/;
const UNSIGNED = /^[0-9]+$/;
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;
const DATE = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;
const DIGEST = /^[A-Za-z0-9_-]*$/;
const SHA3_384_BYTES = 48;

export const ACCOUNT_ID = /^(?:[a-z0-9A-Z]{32}|[-a-z0-9]{2,28})$/;
export const SNAP_ID = /^[a-z0-9A-Z]{32}$/;
export const PROVENANCE = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;
export const DEFAULT_PROVENANCE = 'global-upload';
/** snapd knows one series; prerequisites that are a snap-declaration are looked for in it. */
export const SERIES = '16';

const MODEL = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;

export function checkExists(map: HeaderMap, name: string, where = 'header'): string {
  const value = map[name];
  if (value === undefined) throw rule(`"${name}" ${where} is mandatory`);
  if (typeof value !== 'string') throw rule(`"${name}" ${where} must be a string`);
  return value;
}

export function checkNotEmpty(map: HeaderMap, name: string, where = 'header'): string {
  const value = checkExists(map, name, where);
  if (value === '') throw rule(`"${name}" ${where} should not be empty`);
  return value;
}

/** The text, or an empty one where there is no such entry. */
export function checkOptional(map: HeaderMap, name: string, where = 'header'): string {
  return map[name] === undefined ? '' : checkExists(map, name, where);
}

export function checkMatches(map: HeaderMap, name: string, pattern: RegExp, where = 'header'): string {
  const value = checkNotEmpty(map, name, where);
  if (!pattern.test(value)) throw rule(`"${name}" ${where} contains invalid characters: "${printable(value)}"`);
  return value;
}

export function checkOneOf(map: HeaderMap, name: string, allowed: readonly string[], where: string): string {
  const value = checkOptional(map, name, where);
  if (value !== '' && !allowed.includes(value)) throw rule(`${name} ${where} must be one of ${allowed.join('|')}`);
  return value;
}

export function checkOptionalBoolean(map: HeaderMap, name: string, where = 'header'): boolean {
  const value = map[name];
  if (value === undefined) return false;
  if (value !== 'true' && value !== 'false') throw rule(`"${name}" ${where} must be 'true' or 'false'`);
  return value === 'true';
}

/** As Go's Atoi, but without leading zeros. Beyond what a number holds exactly it is still a number, only not an exact one. */
export function parseInteger(text: string, what: string): number {
  if (!INTEGER.test(text)) throw rule(`${what} is not an integer: ${printable(text)}`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) throw rule(`${what} is out of range: ${printable(text)}`);
  if (text.startsWith('0') && text !== '0') throw rule(`${what} has invalid prefix zeros: ${printable(text)}`);
  return Number(value);
}

export function checkInteger(map: HeaderMap, name: string, where = 'header'): number {
  return parseInteger(checkNotEmpty(map, name, where), `"${name}" ${where}`);
}

/** Zero where there is no such header; otherwise a whole number that is not negative. */
export function checkIteration(map: HeaderMap, name: string): number {
  const value = map[name];
  if (value === undefined) return 0;
  if (typeof value !== 'string') throw rule(`"${name}" header is not an integer`);
  const number = parseInteger(value, `"${name}" header`);
  if (number < 0) throw rule(`${name} should be positive: ${number}`);
  return number;
}

export function checkPositive(map: HeaderMap, name: string, where = 'header'): number {
  const value = checkInteger(map, name, where);
  if (value < 1) throw rule(`"${name}" ${where} must be >=1: ${value}`);
  return value;
}

export function checkUnsigned(map: HeaderMap, name: string, where = 'header'): bigint {
  const text = checkNotEmpty(map, name, where);
  if (!UNSIGNED.test(text)) throw rule(`"${name}" ${where} is not an unsigned integer: ${printable(text)}`);
  const value = BigInt(text);
  if (value > MAX_UINT64) throw rule(`"${name}" ${where} is out of range: ${text.slice(0, 40)}`);
  if (text.startsWith('0') && text !== '0') throw rule(`"${name}" ${where} has invalid prefix zeros: ${text}`);
  return value;
}

export function checkDate(map: HeaderMap, name: string, where = 'header'): Date {
  return parseDate(checkNotEmpty(map, name, where), `"${name}" ${where}`);
}

export function checkOptionalDate(map: HeaderMap, name: string, where = 'header'): Date | null {
  return map[name] === undefined ? null : parseDate(checkExists(map, name, where), `"${name}" ${where}`);
}

export interface Validity {
  readonly since: Date;
  /** Null is for ever. */
  readonly until: Date | null;
}

export function checkSinceUntil(map: HeaderMap, where = 'header'): Validity {
  const since = checkDate(map, 'since', where);
  const until = checkOptionalDate(map, 'until', where);
  if (until !== null && until < since) throw rule("'until' time cannot be before 'since' time");
  return { since, until };
}

/** `since` belongs to it, `until` does not. */
export function isValidAt(validity: Validity, when: Date): boolean {
  return validity.since <= when && (validity.until === null || when < validity.until);
}

/** SHA3-384 in base64url without padding. Line ends inside are skipped, as Go does. */
export function checkDigest(map: HeaderMap, name: string): void {
  const text = checkNotEmpty(map, name).replace(/[\r\n]/g, '');
  if (!DIGEST.test(text) || text.length % 4 === 1) throw rule(`"${name}" header is not base64url without padding`);
  const bytes = Buffer.from(text, 'base64url').length;
  if (bytes !== SHA3_384_BYTES) throw rule(`"${name}" header does not have the expected bit length: ${bytes * 8}`);
}

export function checkPrimaryKey(map: HeaderMap, name: string): void {
  if (checkNotEmpty(map, name).includes('/')) throw rule(`"${name}" primary key header cannot contain '/'`);
}

/** The entries, or an empty list where there is no such header. `what` is the sentence's subject. */
export function checkStrings(map: HeaderMap, name: string, what: string, pattern?: RegExp): readonly string[] {
  const value = map[name];
  if (value === undefined) return [];
  if (!isHeaderList(value)) throw rule(`${what} must be a list of strings`);
  return value.map((entry) => {
    if (typeof entry !== 'string') throw rule(`${what} must be a list of strings`);
    if (pattern?.test(entry) === false) throw rule(`${what} contains an invalid element: "${printable(entry)}"`);
    return entry;
  });
}

export function checkStringHeader(map: HeaderMap, name: string, pattern?: RegExp): readonly string[] {
  return checkStrings(map, name, `"${name}" header`, pattern);
}

export function checkMap(map: HeaderMap, name: string, where = 'header'): HeaderMap | null {
  const value = map[name];
  if (value === undefined) return null;
  if (!isHeaderMap(value)) throw rule(`"${name}" ${where} must be a map`);
  return value;
}

export function checkList(map: HeaderMap, name: string, where = 'header'): HeaderList {
  const value = map[name];
  if (value === undefined) return [];
  if (!isHeaderList(value)) throw rule(`"${name}" ${where} must be a list`);
  return value;
}

/** A list whose entries are all maps; `wrong` is the sentence if they are not. */
export function checkMaps(map: HeaderMap, name: string, wrong: string): readonly HeaderMap[] {
  const value = map[name];
  if (value === undefined) return [];
  if (!isHeaderList(value) || !value.every(isHeaderMap)) throw rule(wrong);
  return value;
}

export function checkSnapName(name: string, where: string): void {
  if (!isSnapName(name)) throw rule(`invalid snap name "${printable(name)}" ${where}`);
}

export function checkModelName(map: HeaderMap): string {
  const model = checkMatches(map, 'model', MODEL);
  if (model.toLowerCase() !== model) throw rule('"model" header cannot contain uppercase letters');
  return model;
}

/** Authority and brand are the same account. */
export function checkSignedByBrand(headers: HeaderMap, authorityId: string, type: string): void {
  if (headers['brand-id'] !== authorityId) {
    throw rule(`authority-id and brand-id must match, ${type} assertions are expected to be signed by the brand`);
  }
}

export function rule(message: string, options?: ErrorOptions): Error {
  return malformed('type-rule', message, options);
}

function parseDate(text: string, what: string): Date {
  const match = DATE.exec(text);
  if (match === null) throw rule(`${what} is not a RFC3339 date: "${printable(text)}"`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const offsetMinutes = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === '-' ? -1 : 1);
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59 || Number(match[9] ?? 0) > 24 || Number(match[10] ?? 0) > 59) {
    throw rule(`${what} is not a RFC3339 date: "${printable(text)}"`);
  }
  date.setUTCHours(hour, minute - offsetMinutes, second, milliseconds);
  return date;
}
