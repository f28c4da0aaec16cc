import type { AssertionType } from './assertion-type.js';

/** Which assertion is meant, of whatever revision and format. */
export class AssertionRef {
  /** @param primaryKey full: optional keys are there */
  constructor(
    readonly type: AssertionType,
    readonly primaryKey: readonly string[],
  ) {}

  /** Without the optional keys that have their defaults: the form that paths and snapd's requests use. */
  get reducedPrimaryKey(): readonly string[] {
    const { primaryKey: names, optionalKeyDefaults: defaults } = this.type;
    let length = this.primaryKey.length;
    while (length > 0) {
      const defaultValue = defaults[names[length - 1] ?? ''];
      if (defaultValue === undefined || this.primaryKey[length - 1] !== defaultValue) break;
      length -= 1;
    }
    return this.primaryKey.slice(0, length);
  }

  /** The same text for the same assertion, and for no other; keys have no `/` in them. */
  get id(): string {
    return [this.type.name, ...this.primaryKey].join('/');
  }

  /** `type/key/…` to show: reduced, and with control characters made visible. */
  toString(): string {
    return printable([this.type.name, ...this.reducedPrimaryKey].join('/'));
  }
}

/** Text from an untrusted assertion in a form that is safe in a log line or on a terminal. */
export function printable(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}
