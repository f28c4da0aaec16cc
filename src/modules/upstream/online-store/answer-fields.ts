import { StoreError } from '../../../kernel/store-error.js';
import { UpstreamAnswerError } from '../http/http.errors.js';

/** What an answer is about, for complaints. */
export interface AnswerSubject {
  /** The URL that answers. */
  readonly where: string;
  /** `"jq"`, or another thing that was asked for. */
  readonly what: string;
}

/** One object of a store's JSON, read field by field; every complaint names the snap and the field's full path. Null is absent. */
export class AnswerFields {
  private constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    readonly subject: AnswerSubject,
    private readonly path: string,
  ) {}

  /** @throws UpstreamAnswerError as everything here */
  static of(value: unknown, subject: AnswerSubject, path = ''): AnswerFields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrong(subject, `${path === '' ? 'its answer' : path} is not an object`);
    }
    return new AnswerFields(value as Readonly<Record<string, unknown>>, subject, path);
  }

  /** The same, said to be about something narrower. */
  about(what: string): AnswerFields {
    return new AnswerFields(this.values, { ...this.subject, what }, this.path);
  }

  refuse(key: string, why: string): never {
    throw wrong(this.subject, `${this.pathOf(key)} ${why}`);
  }

  raw(key: string): unknown {
    return Object.hasOwn(this.values, key) ? (this.values[key] ?? null) : null;
  }

  has(key: string): boolean {
    return this.raw(key) !== null;
  }

  text(key: string, maxLength = 1000): string {
    const value = this.raw(key);
    if (typeof value === 'string' && value !== '' && value.length <= maxLength) return value;
    return this.refuse(key, `is not a text of 1 to ${maxLength} characters`);
  }

  /** An empty text is absent: that is how stores written in Go leave one out. */
  optionalText(key: string, maxLength = 1000): string | null {
    return this.has(key) && this.raw(key) !== '' ? this.text(key, maxLength) : null;
  }

  matching(key: string, pattern: RegExp, rule: string): string {
    const value = this.text(key);
    return pattern.test(value) ? value : this.refuse(key, `is not ${rule}`);
  }

  /** A text that `parse` accepts; the refusal of `parse` becomes the reason. */
  parsed<T>(key: string, parse: (text: string) => T): T {
    return this.attempt(key, () => parse(this.text(key)));
  }

  attempt<T>(key: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof StoreError) || error instanceof UpstreamAnswerError) throw error;
      return this.refuse(key, `does not fit: ${error.message}`);
    }
  }

  whole(key: string, min: number, max: number): number {
    const value = this.raw(key);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    return this.refuse(key, `is not a whole number from ${min} to ${max}`);
  }

  object(key: string): AnswerFields {
    return AnswerFields.of(this.raw(key), this.subject, this.pathOf(key));
  }

  /** An absent list is an empty one. */
  objects(key: string, max: number): AnswerFields[] {
    return this.list(key, max).map((one, index) => {
      return AnswerFields.of(one, this.subject, `${this.pathOf(key)}[${index}]`);
    });
  }

  list(key: string, max: number): readonly unknown[] {
    if (!this.has(key)) return [];
    const value = this.raw(key);
    if (!Array.isArray(value)) return this.refuse(key, 'is not a list');
    return value.length <= max ? (value as unknown[]) : this.refuse(key, `has more than ${max} entries`);
  }

  private pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}

function wrong({ where, what }: AnswerSubject, why: string): UpstreamAnswerError {
  return new UpstreamAnswerError(where, `cannot be believed about ${what}: ${why}`);
}
