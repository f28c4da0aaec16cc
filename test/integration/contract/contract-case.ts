import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A request as a device sends it, and the whole of the answer that it has to get. README.md beside the cases says how they are read. */
export interface ContractCase {
  readonly says: string;
  readonly ask: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    /** JSON, or nothing. */
    readonly body: Json | undefined;
  };
  readonly answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | null>>;
    /** JSON, every field of it. */
    readonly json: Json | undefined;
    readonly text: string | undefined;
  };
}

export interface ContractFile {
  readonly file: string;
  /** Where the protocol says so. */
  readonly law: string;
  readonly cases: readonly ContractCase[];
}

const FOLDER = join(import.meta.dirname, 'cases');

interface Written {
  readonly law: string;
  readonly headers?: Record<string, string>;
  readonly cases: readonly {
    readonly says: string;
    readonly ask: string;
    readonly headers?: Record<string, string>;
    readonly body?: Json;
    readonly answer: {
      readonly status?: number;
      readonly headers?: Record<string, string | null>;
      readonly json?: Json;
      readonly text?: string;
    };
  }[];
}

export function readContract(): ContractFile[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
  return files.sort().map((file) => {
    const { law, headers = {}, cases } = parse(readFileSync(join(FOLDER, file), 'utf8'), { merge: true }) as Written;
    return {
      file,
      law,
      cases: cases.map(({ says, ask, body, answer, ...own }) => {
        const at = ask.indexOf(' ');
        const [method, path] = [ask.slice(0, at), ask.slice(at + 1)];
        return {
          says,
          ask: { method, path, headers: { ...headers, ...own.headers }, body },
          answer: {
            status: answer.status ?? 200,
            headers: answer.headers ?? {},
            json: answer.json,
            text: answer.text,
          },
        };
      }),
    };
  });
}

/** Puts what the scene knows in the place of `{name}`. @throws where the scene does not know it */
export function filledIn<T extends Json | undefined>(value: T, names: Readonly<Record<string, string>>): T {
  const fill = (one: Json): Json => {
    if (typeof one === 'string') return fillText(one, names);
    if (Array.isArray(one)) return (one as readonly Json[]).map(fill);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, item]) => [fillText(key, names), fill(item)]));
  };
  return value === undefined ? value : (fill(value) as T);
}

function fillText(text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(/\{([a-z][a-z0-9 -]*)\}/g, (_, name: string) => {
    const value = names[name];
    if (value === undefined) throw new Error(`the scene of the contract knows no {${name}}`);
    return value;
  });
}

const WILDCARDS: Readonly<Record<string, RegExp>> = {
  '<time>': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
  '<text>': /[^]/,
};

/** Puts what was answered in the place of a wildcard that it fits, so that the two can be compared as they are. */
export function withWildcards(expected: unknown, given: unknown): unknown {
  if (typeof expected === 'string') {
    return typeof given === 'string' && WILDCARDS[expected]?.test(given) === true ? given : expected;
  }
  if (Array.isArray(expected)) {
    return expected.map((item, index) => withWildcards(item, Array.isArray(given) ? given[index] : undefined));
  }
  if (typeof expected !== 'object' || expected === null) return expected;
  const other = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(expected).map(([key, item]) => [key, withWildcards(item, other[key])]));
}
