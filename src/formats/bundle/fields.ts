import { FORBIDDEN_IN_TEXT } from './metadata-rules.js';

/** One object of a signed document, read field by field; every complaint names the field by its full path. Fields not asked for are ignored. */
export class Fields {
  private constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    private readonly complaint: (reason: string) => Error,
    private readonly path: string,
  ) {}

  /** @param complaint the error for whatever is wrong, with the document's name in it */
  static of(value: unknown, complaint: (reason: string) => Error, path = ''): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw complaint(`${path || 'the whole'} must be an object`);
    }
    return new Fields(value as Readonly<Record<string, unknown>>, complaint, path);
  }

  /** The same, with other complaints. */
  complaining(complaint: (reason: string) => Error): Fields {
    return new Fields(this.values, complaint, this.path);
  }

  /** Fails with the path of a field and what it should be. */
  refuse(key: string, rule: string): never {
    throw this.complaint(`${this.pathOf(key)} ${rule}`);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.values, key) && this.values[key] !== null;
  }

  /** Whatever is there; null where nothing is. */
  value(key: string): unknown {
    return this.has(key) ? this.values[key] : null;
  }

  /** A string that `parse` accepts; what `parse` throws becomes the reason. */
  parsed<T>(key: string, parse: (text: string) => T): T {
    const text = this.text(key, 1000);
    try {
      return parse(text);
    } catch (error) {
      return this.refuse(key, `does not fit: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** A string of at most this many UTF-16 units, well-formed and free of control characters but tab and line breaks. */
  text(key: string, maxLength: number): string {
    return this.checkText(key, this.own(key), maxLength);
  }

  /** Absent and null are the same. */
  optionalText(key: string, maxLength: number): string | null {
    return this.has(key) ? this.text(key, maxLength) : null;
  }

  matching(key: string, pattern: RegExp, rule: string): string {
    const text = this.text(key, 1000);
    return pattern.test(text) ? text : this.refuse(key, `must be ${rule}`);
  }

  optionalMatching(key: string, pattern: RegExp, rule: string): string | null {
    return this.has(key) ? this.matching(key, pattern, rule) : null;
  }

  whole(key: string, min: number, max: number): number {
    const value = this.own(key);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    return this.refuse(key, `must be a whole number from ${min} to ${max}`);
  }

  optionalWhole(key: string, min: number, max: number): number | null {
    return this.has(key) ? this.whole(key, min, max) : null;
  }

  flag(key: string): boolean {
    const value = this.own(key);
    return typeof value === 'boolean' ? value : this.refuse(key, 'must be true or false');
  }

  object(key: string): Fields {
    return Fields.of(this.own(key), this.complaint, this.pathOf(key));
  }

  /** An absent list is an empty one. */
  objects<T>(key: string, max: number, read: (fields: Fields) => T): T[] {
    return this.list(key, max).map((item, index) =>
      read(Fields.of(item, this.complaint, `${this.pathOf(key)}[${index}]`)),
    );
  }

  texts(key: string, max: number, maxLength: number): string[] {
    return this.list(key, max).map((item, index) => this.checkText(`${key}[${index}]`, item, maxLength));
  }

  keys(): string[] {
    return Object.keys(this.values);
  }

  /** Fails when two of these are the same. */
  unique(key: string, names: readonly string[]): void {
    const seen = new Set<string>();
    for (const name of names) {
      if (seen.has(name)) this.refuse(key, `names ${name} twice`);
      seen.add(name);
    }
  }

  private list(key: string, max: number): readonly unknown[] {
    if (!this.has(key)) return [];
    const value = this.own(key);
    if (!Array.isArray(value)) return this.refuse(key, 'must be a list');
    return value.length <= max ? value : this.refuse(key, `has ${value.length} entries; at most ${max} are allowed`);
  }

  private own(key: string): unknown {
    return Object.hasOwn(this.values, key) ? this.values[key] : this.refuse(key, 'is missing');
  }

  private checkText(key: string, value: unknown, maxLength: number): string {
    if (typeof value !== 'string') return this.refuse(key, 'must be a string');
    if (value.length > maxLength) return this.refuse(key, `is longer than ${maxLength} characters`);
    if (FORBIDDEN_IN_TEXT.test(value))
      return this.refuse(key, 'has a control character or half a surrogate pair in it');
    return value;
  }

  private pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}
