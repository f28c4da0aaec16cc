import { isUtf8 } from 'node:buffer';

import { malformed } from './assertion.errors.js';

/** A header's value: text, or lists and maps with text in the end. There are no numbers, and no empty lists or maps. */
export type HeaderValue = string | HeaderList | HeaderMap;
export type HeaderList = readonly HeaderValue[];
/** Has no prototype, so that a header named `constructor` is a header. */
export interface HeaderMap {
  readonly [name: string]: HeaderValue | undefined;
}

const NAME = /^[a-z](?:-?[a-z0-9])*$/;
const NESTING = '  ';
const TEXT_PREFIX = '    ';
const LIST_PREFIX = '  -';

/**
 * Parses a header block by the grammar of snapd's asserts/headers.go: `name: value`, indented text, lists and maps.
 * @throws AssertionRefusedError naming the line that does not fit
 */
export function parseHeaders(block: Buffer): HeaderMap {
  if (!isUtf8(block)) throw malformed('headers', 'the headers are not UTF-8');
  return new HeaderParser(block.toString('utf8').split('\n')).parse();
}

/** One header as it stands in an assertion, with its line end in front. Empty lists and maps are left out. */
export function writeHeader(name: string, value: HeaderValue): string {
  return writeEntry(`${name}:`, value, '');
}

export function isHeaderList(value: HeaderValue | undefined): value is HeaderList {
  return Array.isArray(value);
}

export function isHeaderMap(value: HeaderValue | undefined): value is HeaderMap {
  return typeof value === 'object' && !Array.isArray(value);
}

/** A copy without prototype, frozen all the way down. */
export function freezeHeaders(headers: HeaderMap): HeaderMap {
  return copyMap(headers);
}

class HeaderParser {
  private line = 0;

  constructor(private readonly lines: readonly string[]) {}

  parse(): HeaderMap {
    const headers = emptyMap();
    while (this.line < this.lines.length) this.readNamed(headers, '', 'header');
    return Object.freeze(headers);
  }

  /** `name: value` or `name:` with what follows; `indent` is what stands before the name. */
  private readNamed(into: Record<string, HeaderValue>, indent: string, what: string): void {
    const entry = (this.lines[this.line] ?? '').slice(indent.length);
    const colon = entry.indexOf(':');
    if (colon === -1) throw malformed('headers', `a ${what} has no ":" (${quote(entry)})`);
    const name = entry.slice(0, colon);
    if (!NAME.test(name)) throw malformed('headers', `${quote(name)} is not a ${what} name`);
    const value = this.readValue(indent.length + colon + 1, indent);
    if (name in into) throw malformed('headers', `the ${what} "${name}" is there twice`);
    into[name] = value;
  }

  /** What follows an introduction of `introLength` characters, on its line or below it. */
  private readValue(introLength: number, indent: string): HeaderValue {
    const line = this.lines[this.line] ?? '';
    this.line += 1;
    if (line.length > introLength) {
      if (line[introLength] !== ' ') throw malformed('headers', `no space before the value in ${quote(line)}`);
      return line.slice(introLength + 1);
    }
    const below = this.lines[this.line];
    if (below?.startsWith(indent + NESTING) === true) {
      const first = below[indent.length + NESTING.length];
      if (first === '-') return this.readList(indent);
      if (first !== undefined && first !== ' ') return this.readMap(indent + NESTING);
    }
    return this.readText(indent + TEXT_PREFIX, line);
  }

  private readText(prefix: string, introduction: string): string {
    const start = this.line;
    while (this.lines[this.line]?.startsWith(prefix) === true) this.line += 1;
    if (this.line === start) {
      throw malformed('headers', `after ${quote(introduction)} a value is expected, indented by ${prefix.length}`);
    }
    return this.lines
      .slice(start, this.line)
      .map((line) => line.slice(prefix.length))
      .join('\n');
  }

  private readList(indent: string): HeaderList {
    const list: HeaderValue[] = [];
    const prefix = indent + LIST_PREFIX;
    while (this.lines[this.line]?.startsWith(prefix) === true) {
      list.push(this.readValue(prefix.length, indent + NESTING));
    }
    return Object.freeze(list);
  }

  private readMap(indent: string): HeaderMap {
    const map = emptyMap();
    while (this.lines[this.line]?.startsWith(indent) === true) this.readNamed(map, indent, 'map entry');
    return Object.freeze(map);
  }
}

function writeEntry(intro: string, value: HeaderValue, indent: string): string {
  if (typeof value === 'string') {
    if (!value.includes('\n')) return `\n${intro} ${value}`;
    const prefix = indent + TEXT_PREFIX;
    return `\n${intro}\n${prefix}${value.replaceAll('\n', `\n${prefix}`)}`;
  }
  const prefix = indent + (isHeaderList(value) ? LIST_PREFIX : NESTING);
  const entries = isHeaderList(value)
    ? value.map((entry) => writeEntry(prefix, entry, indent + NESTING))
    : Object.keys(value)
        .sort()
        .map((key) => writeEntry(`${prefix}${key}:`, value[key] ?? [], prefix));
  const text = entries.join('');
  return text === '' ? '' : `\n${intro}${text}`;
}

function copyValue(value: HeaderValue): HeaderValue {
  if (typeof value === 'string') return value;
  return isHeaderList(value) ? Object.freeze(value.map(copyValue)) : copyMap(value);
}

function copyMap(map: HeaderMap): HeaderMap {
  const copy = emptyMap();
  for (const [name, value] of Object.entries(map)) {
    if (value === undefined) continue;
    if (!NAME.test(name)) throw malformed('headers', `${quote(name)} is not a header name`);
    copy[name] = copyValue(value);
  }
  return Object.freeze(copy);
}

function emptyMap(): Record<string, HeaderValue> {
  return Object.create(null) as Record<string, HeaderValue>;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
