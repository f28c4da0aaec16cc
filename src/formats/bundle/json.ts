/** Why a text is refused before `JSON.parse` sees it; `null` when nothing is wrong with its outline. */
export function outlineProblem(text: string, limits: { depth: number; values: number }): string | null {
  const open: (Set<string> | null)[] = [];
  let values = 1;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        open.push(text.charCodeAt(index) === OPEN_OBJECT ? new Set() : null);
        values++;
        if (open.length > limits.depth) return `is nested more than ${limits.depth} levels deep`;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop();
        break;
      case COMMA:
        values++;
        break;
      case QUOTE: {
        const end = endOfString(text, index);
        const keys = open.at(-1);
        if (keys && isKey(text, end)) {
          const key = unescaped(text.slice(index, end + 1));
          if (keys.has(key)) return `has the key ${JSON.stringify(key.slice(0, 60))} twice in one object`;
          keys.add(key);
        }
        index = end;
        break;
      }
    }
    if (values > limits.values) return `holds more than ${limits.values} values`;
  }
  return null;
}

/** A value as JSON can carry it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * The one spelling of a JSON value: keys in code-unit order, no white space but one line feed at the end, so that equal
 * values are equal bytes. Numbers are whole and safe, which every JSON library writes alike.
 */
export function canonicalJson(value: Json): string {
  return `${spell(value)}\n`;
}

function spell(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(spell).join(',')}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${spell(member)}`).join(',')}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}

function isKey(text: string, end: number): boolean {
  let next = end + 1;
  while (' \t\r\n'.includes(text[next] ?? '-')) next++;
  return text[next] === ':';
}

/** `"a"` and `"\u0061"` are one key. What cannot be read here is left to `JSON.parse` to refuse. */
function unescaped(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}
