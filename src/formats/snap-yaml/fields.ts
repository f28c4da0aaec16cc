import { SnapYamlError } from './snap-yaml-error.js';
import type { YamlMap, YamlValue } from './yaml-document.js';

/** The keys of one map, read as what they should be. Every refusal names the key with the maps around it. */
export class Fields {
  constructor(
    readonly file: string,
    private readonly map: YamlMap,
    private readonly path = '',
  ) {}

  names(): string[] {
    return [...this.map.keys()];
  }

  has(key: string): boolean {
    return this.map.has(key);
  }

  value(key: string): YamlValue {
    return this.map.get(key) ?? null;
  }

  /** Null where the key is missing or says nothing. */
  text(key: string): string | null {
    const value = this.value(key);
    if (value !== null && typeof value !== 'string') throw this.refusal(key, 'is not a text');
    return value === '' ? null : value;
  }

  requiredText(key: string): string {
    const text = this.text(key);
    if (text === null) throw this.refusal(key, 'is missing');
    return text;
  }

  /** Empty where the key is missing. */
  texts(key: string): string[] {
    const value = this.value(key);
    if (value === null) return [];
    if (!Array.isArray(value)) throw this.refusal(key, 'is not a list');
    return (value as readonly YamlValue[]).map((item) => {
      if (typeof item !== 'string') throw this.refusal(key, 'has something in it that is not a text');
      return item;
    });
  }

  /** A single text counts as a list of one. */
  oneOrMoreTexts(key: string): string[] {
    const value = this.value(key);
    return typeof value === 'string' ? [value] : this.texts(key);
  }

  /** Empty where the key is missing. */
  fields(key: string): Fields {
    const value = this.value(key);
    if (value === null) return new Fields(this.file, new Map(), this.pathOf(key));
    if (!(value instanceof Map)) throw this.refusal(key, 'is not a map');
    return new Fields(this.file, value as YamlMap, this.pathOf(key));
  }

  refusal(key: string, reason: string): SnapYamlError {
    return new SnapYamlError(this.file, this.pathOf(key), reason);
  }

  private pathOf(key: string): string {
    const shown = key.slice(0, 60);
    return this.path === '' ? shown : `${this.path}.${shown}`;
  }
}
