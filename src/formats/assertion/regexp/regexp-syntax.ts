import { AssertionRefusedError } from '../assertion.errors.js';

/** One character of the text, tested. */
export type CharacterTest = (codePoint: number) => boolean;

export type RegexpNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'line-start' | 'line-end' | 'boundary' | 'no-boundary' }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexpNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexpNode[] }
  | { readonly kind: 'repeat'; readonly part: RegexpNode; readonly min: number; readonly max: number | null };

const MAX_REPEAT = 1000;
const MAX_DEPTH = 200;
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;
const REPEAT_COUNT = /\{(\d{1,4})(,?)(\d{0,4})\}/y;
const GROUP_NAME = /P?<([A-Za-z_]\w*)>/y;
const GROUP_FLAGS = /([imsU]*)(?:-([imsU]+))?([:)])/y;
const HEX = /x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y;
const OCTAL = /[0-7]{1,3}/y;
const UNICODE_CLASS = /[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/y;
const POSIX_CLASS = /\[:(\^?)([a-z]+):\]/y;

const ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const isDigit: CharacterTest = (c) => c >= 48 && c <= 57;
const isUpper: CharacterTest = (c) => c >= 65 && c <= 90;
const isLower: CharacterTest = (c) => c >= 97 && c <= 122;
export const isWord: CharacterTest = (c) => isDigit(c) || isUpper(c) || isLower(c) || c === 95;
const isSpace: CharacterTest = (c) => c === 9 || c === 10 || c === 12 || c === 13 || c === 32;
const isAlpha: CharacterTest = (c) => isUpper(c) || isLower(c);
const POSIX: Readonly<Record<string, CharacterTest>> = {
  alnum: (c) => isAlpha(c) || isDigit(c),
  alpha: isAlpha,
  ascii: (c) => c < 128,
  blank: (c) => c === 9 || c === 32,
  cntrl: (c) => c < 32 || c === 127,
  digit: isDigit,
  graph: (c) => c > 32 && c < 127,
  lower: isLower,
  print: (c) => c >= 32 && c < 127,
  punct: (c) => c > 32 && c < 127 && !isAlpha(c) && !isDigit(c),
  space: (c) => isSpace(c) || c === 11,
  upper: isUpper,
  word: isWord,
  xdigit: (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
};

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
}

/** Reads the regular expressions of Go's regexp package (RE2's language), which snapd's rules are written in. */
export function parseRegexp(pattern: string): RegexpNode {
  return new RegexpParser(pattern).parse();
}

class RegexpParser {
  private position = 0;
  private flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false };

  constructor(private readonly pattern: string) {}

  parse(): RegexpNode {
    const node = this.choice(0);
    if (this.position < this.pattern.length) throw this.wrong('it has a ")" too many');
    return node;
  }

  private choice(depth: number): RegexpNode {
    if (depth > MAX_DEPTH) throw this.wrong('it is nested too deeply');
    const options = [this.sequence(depth)];
    while (this.skip('|')) options.push(this.sequence(depth));
    return options.length === 1 ? (options[0] ?? { kind: 'empty' }) : { kind: 'choice', options };
  }

  private sequence(depth: number): RegexpNode {
    const parts: RegexpNode[] = [];
    while (this.position < this.pattern.length && !'|)'.includes(this.pattern.charAt(this.position))) {
      parts.push(...this.repeated(this.atom(depth)));
    }
    return { kind: 'sequence', parts };
  }

  /** The atom with the repetition that follows it; of a quoted run only the last character repeats. */
  private repeated(atoms: readonly RegexpNode[]): RegexpNode[] {
    const count = this.repetition();
    if (count === null) return [...atoms];
    const part = atoms.at(-1);
    if (part === undefined) throw this.wrong('a repetition has nothing to repeat');
    this.skip('?');
    if (this.repetition() !== null) throw this.wrong('a repetition is repeated');
    return [...atoms.slice(0, -1), { kind: 'repeat', part, ...count }];
  }

  private repetition(): { min: number; max: number | null } | null {
    if (this.skip('*')) return { min: 0, max: null };
    if (this.skip('+')) return { min: 1, max: null };
    if (this.skip('?')) return { min: 0, max: 1 };
    const match = this.take(REPEAT_COUNT);
    if (match === null) return null;
    const min = Number(match[1]);
    const max = match[2] === '' ? min : match[3] === '' ? null : Number(match[3]);
    if (min > MAX_REPEAT || (max !== null && (max > MAX_REPEAT || max < min)))
      throw this.wrong('a repeat count is wrong');
    return { min, max };
  }

  private atom(depth: number): RegexpNode[] {
    if (this.repetition() !== null) throw this.wrong('a repetition has nothing to repeat');
    if (this.skip('(')) return this.group(depth);
    if (this.skip('[')) return [{ kind: 'character', test: this.characterClass() }];
    if (this.skip('^')) return [{ kind: 'assert', what: this.flags.multiLine ? 'line-start' : 'start' }];
    if (this.skip('$')) return [{ kind: 'assert', what: this.flags.multiLine ? 'line-end' : 'end' }];
    if (this.skip('.')) {
      const { dotAll } = this.flags;
      return [{ kind: 'character', test: (c) => dotAll || c !== 10 }];
    }
    if (this.skip('\\')) return this.escapedAtom();
    return [this.literal(this.codePoint())];
  }

  private group(depth: number): RegexpNode[] {
    const outer = this.flags;
    if (this.skip('?') && this.take(GROUP_NAME) === null) {
      const match = this.take(GROUP_FLAGS);
      if (match === null) throw this.wrong('a group starts with something unknown');
      this.flags = { ...this.flags, ...flagsOf(match[1] ?? '', true), ...flagsOf(match[2] ?? '', false) };
      if (match[3] === ')') return [{ kind: 'empty' }];
    }
    const node = this.choice(depth + 1);
    if (!this.skip(')')) throw this.wrong('a group is not closed');
    this.flags = outer;
    return [node];
  }

  private escapedAtom(): RegexpNode[] {
    if (this.skip('A')) return [{ kind: 'assert', what: 'start' }];
    if (this.skip('z')) return [{ kind: 'assert', what: 'end' }];
    if (this.skip('b')) return [{ kind: 'assert', what: 'boundary' }];
    if (this.skip('B')) return [{ kind: 'assert', what: 'no-boundary' }];
    if (this.skip('Q')) {
      const end = this.pattern.indexOf('\\E', this.position);
      const quoted = this.pattern.slice(this.position, end === -1 ? undefined : end);
      this.position = end === -1 ? this.pattern.length : end + 2;
      return Array.from(quoted, (character) => this.literal(character.codePointAt(0) ?? 0));
    }
    const test = this.escapedClass();
    return [test === null ? this.literal(this.escapedCharacter()) : { kind: 'character', test }];
  }

  private escapedClass(): CharacterTest | null {
    for (const [letter, test] of [
      ['d', isDigit],
      ['s', isSpace],
      ['w', isWord],
    ] as const) {
      if (this.skip(letter)) return test;
      if (this.skip(letter.toUpperCase())) return (c) => !test(c);
    }
    const isNegated = this.pattern[this.position] === 'P';
    const match = this.take(UNICODE_CLASS);
    if (match === null) return null;
    const name = match[2] ?? match[3] ?? '';
    const inside = unicodeClass(name);
    if (inside === null) throw this.wrong(`"${name}" is no class of characters`);
    return isNegated === (match[1] === '^') ? inside : (c) => !inside(c);
  }

  private escapedCharacter(): number {
    const hex = this.take(HEX);
    if (hex !== null) {
      const value = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (value > 0x10ffff) throw this.wrong('there is no such character');
      return value;
    }
    const next = this.pattern[this.position];
    if (
      next === '0' ||
      (next !== undefined && /[1-7]/.test(next) && /^[0-7]{2}/.test(this.pattern.slice(this.position)))
    ) {
      return Number.parseInt(this.take(OCTAL)?.[0] ?? '0', 8);
    }
    if (next !== undefined && (next in ESCAPES || PUNCTUATION.test(next))) {
      this.position += 1;
      return ESCAPES[next] ?? next.charCodeAt(0);
    }
    throw this.wrong('a backslash stands before something unknown');
  }

  private characterClass(): CharacterTest {
    const isNegated = this.skip('^');
    const tests: CharacterTest[] = [];
    for (let isFirst = true; isFirst || this.pattern[this.position] !== ']'; isFirst = false) {
      if (this.position >= this.pattern.length) throw this.wrong('a class of characters is not closed');
      tests.push(this.classEntry());
    }
    this.position += 1;
    const { ignoreCase } = this.flags;
    const isInside = (c: number) => (ignoreCase ? foldings(c) : [c]).some((form) => tests.some((test) => test(form)));
    return isNegated ? (c) => !isInside(c) : isInside;
  }

  private classEntry(): CharacterTest {
    const posix = this.take(POSIX_CLASS);
    if (posix !== null) {
      const test = POSIX[posix[2] ?? ''];
      if (test === undefined) throw this.wrong(`"${posix[0]}" is no class of characters`);
      return posix[1] === '^' ? (c) => !test(c) : test;
    }
    const low = this.classMember();
    if (typeof low === 'function') return low;
    if (this.pattern[this.position] !== '-' || this.pattern[this.position + 1] === ']') return (c) => c === low;
    this.position += 1;
    const high = this.classMember();
    if (typeof high === 'function' || high < low) throw this.wrong('a range of characters is wrong');
    return (c) => c >= low && c <= high;
  }

  private classMember(): number | CharacterTest {
    if (!this.skip('\\')) return this.codePoint();
    return this.escapedClass() ?? this.escapedCharacter();
  }

  private literal(codePoint: number): RegexpNode {
    const forms = this.flags.ignoreCase ? foldings(codePoint) : [codePoint];
    return { kind: 'character', test: (c) => forms.includes(c) };
  }

  private codePoint(): number {
    const value = this.pattern.codePointAt(this.position);
    if (value === undefined) throw this.wrong('it ends too early');
    this.position += value > 0xffff ? 2 : 1;
    return value;
  }

  private skip(text: string): boolean {
    if (!this.pattern.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  private take(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.position;
    const match = sticky.exec(this.pattern);
    if (match !== null) this.position += match[0].length;
    return match;
  }

  private wrong(why: string): AssertionRefusedError {
    const refusal = { stage: 'decode', reason: 'type-rule' } as const;
    return new AssertionRefusedError(
      `${JSON.stringify(this.pattern.slice(0, 80))} is not a regular expression: ${why}`,
      refusal,
    );
  }
}

function flagsOf(letters: string, value: boolean): Partial<Flags> {
  return {
    ...(letters.includes('i') && { ignoreCase: value }),
    ...(letters.includes('m') && { multiLine: value }),
    ...(letters.includes('s') && { dotAll: value }),
  };
}

function foldings(codePoint: number): number[] {
  const character = String.fromCodePoint(codePoint);
  return [character, character.toLowerCase(), character.toUpperCase()].map((form) => form.codePointAt(0) ?? codePoint);
}

function unicodeClass(name: string): CharacterTest | null {
  for (const property of [name, `Script=${name}`]) {
    try {
      const pattern = new RegExp(`^\\p{${property}}$`, 'u');
      return (c) => pattern.test(String.fromCodePoint(c));
    } catch {
      // Not a general category; it may be a script.
    }
  }
  return null;
}
