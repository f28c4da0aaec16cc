import { rule } from '../header-checks.js';

type Json = Readonly<Record<string, unknown>>;

const KEY = /^[a-z](?:-?[a-z0-9])*$/;
const REFERENCE = /^\$\{([^{}]*)\}$/;
const TYPES = ['map', 'string', 'int', 'number', 'bool', 'array', 'any'];
const MAX_DEPTH = 64;

/**
 * The storage schema in a confdb-schema's body (snapd: confdb/schema.go): maps by their keys or by what keys and values are, arrays, text,
 * numbers; `aliases` (once `types`) name types that `${name}` uses. Held to its structure; the finer limits of each type bind the device.
 * @throws AssertionRefusedError
 */
export function checkStorageSchema(storage: unknown): void {
  const schema = asMap(storage, 'the storage schema');
  const aliases = asMap(schema.aliases ?? {}, '"aliases"');
  new SchemaChecker(aliases).check(schema);
}

class SchemaChecker {
  /** What each alias that was checked is; null while it is being checked. */
  private readonly kinds = new Map<string, string | null>();

  constructor(private readonly aliases: Json) {}

  check(schema: Json): void {
    if (!('schema' in schema)) throw invalid('it has no "schema" constraint');
    for (const name of Object.keys(this.aliases)) {
      if (!KEY.test(name)) throw invalid(`"${name}" is not an alias name`);
      this.kindOfAlias(name, 0);
    }
    this.checkMap(schema, 0);
  }

  /** What kind of value it describes. */
  private checkType(definition: unknown, depth: number): string {
    if (depth > MAX_DEPTH) throw invalid('it is nested too deeply');
    if (typeof definition === 'string') return this.checkTypeName(definition, depth);
    if (Array.isArray(definition)) return this.checkAlternatives(definition, depth);
    const map = asMap(definition, 'a type definition');
    const name = map.type ?? ('schema' in map || 'keys' in map || 'values' in map ? 'map' : undefined);
    if (typeof name !== 'string') throw invalid('a type definition has no "type"');
    const kind = this.checkTypeName(name, depth);
    if (name === 'map') this.checkMap(map, depth);
    if (name === 'array') {
      if (!('values' in map)) throw invalid('an array has no "values" constraint');
      this.checkType(map.values, depth + 1);
      if (map.unique !== undefined && typeof map.unique !== 'boolean')
        throw invalid('"unique" of an array is no boolean');
    }
    if (map.choices !== undefined && (!Array.isArray(map.choices) || map.choices.length === 0)) {
      throw invalid('"choices" must be a list that is not empty');
    }
    return kind;
  }

  private checkTypeName(name: string, depth: number): string {
    if (TYPES.includes(name)) return name;
    const alias = REFERENCE.exec(name)?.[1];
    if (alias === undefined) throw invalid(`cannot parse type "${name.slice(0, 80)}"`);
    return this.kindOfAlias(alias, depth + 1);
  }

  /** Each alias is looked into once, however often it is used: used twice in each other they would never end. */
  private kindOfAlias(alias: string, depth: number): string {
    if (!Object.hasOwn(this.aliases, alias)) throw invalid(`cannot find alias "${alias}"`);
    const known = this.kinds.get(alias);
    if (known === null) throw invalid(`alias "${alias}" is made of itself`);
    if (known !== undefined) return known;
    this.kinds.set(alias, null);
    const kind = this.checkType(this.aliases[alias], depth);
    this.kinds.set(alias, kind);
    return kind;
  }

  private checkAlternatives(alternatives: readonly unknown[], depth: number): string {
    if (alternatives.length === 0) throw invalid('alternatives must not be empty');
    const kinds = alternatives.map((alternative) => this.checkType(alternative, depth + 1));
    return kinds.every((kind) => kind === kinds[0]) ? (kinds[0] ?? 'any') : 'any';
  }

  private checkMap(map: Json, depth: number): void {
    if (!('schema' in map)) {
      if (!('keys' in map) && !('values' in map)) throw invalid('a map has neither "schema" nor "keys" nor "values"');
      if ('keys' in map) this.checkKeys(map.keys, depth);
      if ('values' in map) this.checkType(map.values, depth + 1);
      return;
    }
    if ('keys' in map || 'values' in map) throw invalid('a map with "schema" cannot have "keys" or "values"');
    const entries = asMap(map.schema, '"schema"');
    for (const [key, definition] of Object.entries(entries)) {
      if (!KEY.test(key)) throw invalid(`"${key.slice(0, 80)}" is not a key`);
      this.checkType(definition, depth + 1);
    }
    for (const required of requiredKeys(map.required)) {
      if (!Object.hasOwn(entries, required))
        throw invalid(`"required" names "${required}", which is no key of the schema`);
    }
  }

  private checkKeys(keys: unknown, depth: number): void {
    if (typeof keys === 'string' && keys !== 'string' && !REFERENCE.test(keys)) {
      throw invalid(`keys must be based on string but type was ${keys.slice(0, 80)}`);
    }
    const kind = this.checkType(
      typeof keys === 'object' && keys !== null ? { type: 'string', ...keys } : keys,
      depth + 1,
    );
    if (kind !== 'string') throw invalid(`keys must be based on string but type was ${kind}`);
  }
}

/** A list of keys, or a list of such lists of which one must be there. */
function requiredKeys(value: unknown): string[] {
  if (value === undefined) return [];
  const names = Array.isArray(value) ? (value.flat() as unknown[]) : [];
  if (!Array.isArray(value) || !names.every((name) => typeof name === 'string')) {
    throw invalid('"required" must be a list of keys or of lists of keys');
  }
  return names;
}

function asMap(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} is not a map`);
  return value as Json;
}

function invalid(why: string): Error {
  return rule(`invalid schema: ${why}`);
}
