import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type YAMLMap } from 'yaml';

import { messageOf } from '../../kernel/store-error.js';
import { SnapYamlError } from './snap-yaml-error.js';

/** YAML as text in maps and lists. What is a number or a yes is for the reader of a key to know, as in snapd. */
export type YamlValue = null | string | readonly YamlValue[] | YamlMap;
export type YamlMap = ReadonlyMap<string, YamlValue>;

/** In bytes; real ones are a few kilobytes. */
export const MAX_YAML_BYTES = 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_VALUES = 50_000;
const NULL = /^(?:|~|null|Null|NULL)$/;
/**
 * Anchors, aliases and tags, and lines of directives. The parser's work grows with the square of their number; what only looks like
 * one, in a description, is counted too.
 */
const COSTLY = /(?<=^|[\s,[{])[&*!]|^%/gm;
const MAX_COSTLY = 2500;

/**
 * Reads a YAML file whose top level is a map. A key that is there twice counts as it stands last, as in snapd, but is refused at the
 * top level: there it is no slip in a part that few look at, but two snaps in one. Aliases count as often as they are used, so that a small file cannot unfold into a huge one.
 * @throws SnapYamlError where it is no YAML, not a map, has a top-level key twice, or is too large or too deep
 */
export function readYamlMap(file: string, bytes: Buffer): YamlMap {
  if (bytes.length > MAX_YAML_BYTES) throw new SnapYamlError(file, '', `is larger than ${MAX_YAML_BYTES} bytes`);
  const text = decodeUtf8(file, bytes);
  if (countsMoreThan(MAX_COSTLY, text.matchAll(COSTLY))) {
    throw new SnapYamlError(file, '', `has more than ${MAX_COSTLY} anchors, aliases and tags`);
  }
  const document = parse(file, text);
  const value = new Unfolding(file, document).value(document.contents, '', 0);
  if (!(value instanceof Map)) throw new SnapYamlError(file, '', 'is not a map of keys');
  return value;
}

function countsMoreThan(limit: number, found: Iterable<unknown>): boolean {
  let count = 0;
  for (const _ of found) if (++count > limit) return true;
  return false;
}

function decodeUtf8(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SnapYamlError(file, '', 'is not UTF-8');
  }
}

function parse(file: string, text: string): Document {
  try {
    const document = parseDocument(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document;
  } catch (error) {
    throw new SnapYamlError(file, '', `is not YAML: ${messageOf(error).slice(0, 200)}`);
  }
}

class Unfolding {
  private left = MAX_VALUES;

  constructor(
    private readonly file: string,
    private readonly document: Document,
  ) {}

  value(node: unknown, key: string, depth: number): YamlValue {
    if (--this.left < 0) throw new SnapYamlError(this.file, '', `has more than ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) throw new SnapYamlError(this.file, key, 'is nested too deep');
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.value(this.target(node.resolve(this.document), key), key, depth + 1);
    if (isScalar(node)) return this.scalar(node);
    if (isSeq(node)) return node.items.map((item, index) => this.value(item, `${key}[${index}]`, depth + 1));
    if (isMap(node)) return this.map(node, key, depth);
    throw new SnapYamlError(this.file, key, 'is of no kind that is known');
  }

  private scalar(node: { type?: string; source?: string; value: unknown }): string | null {
    const text = typeof node.value === 'string' ? node.value : (node.source ?? '');
    return node.type === 'PLAIN' && NULL.test(text) ? null : text;
  }

  private target(node: Node | undefined, key: string): Node {
    if (node === undefined) throw new SnapYamlError(this.file, key, 'is an alias of nothing');
    return node;
  }

  private map(node: YAMLMap, key: string, depth: number): YamlMap {
    const map = new Map<string, YamlValue>();
    const merged: YamlValue[] = [];
    for (const pair of node.items) {
      const name = this.value(pair.key, key, depth + 1);
      if (typeof name !== 'string') throw new SnapYamlError(this.file, key, 'has a key that is no text');
      const path = key === '' ? name.slice(0, 60) : `${key}.${name.slice(0, 60)}`;
      const value = this.value(pair.value, path, depth + 1);
      if (name === '<<') merged.push(...(Array.isArray(value) ? (value as YamlValue[]) : [value]));
      else if (depth === 0 && map.has(name)) throw new SnapYamlError(this.file, path, 'is there twice');
      else map.set(name, value);
    }
    for (const source of merged) {
      if (!(source instanceof Map)) throw new SnapYamlError(this.file, key, 'merges something that is not a map');
      for (const [name, value] of source as YamlMap) if (!map.has(name)) map.set(name, value);
    }
    return map;
  }
}
