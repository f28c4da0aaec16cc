import { malformed } from './assertion.errors.js';

/**
 * A JSON body must be written as Go's json.MarshalIndent writes it with two spaces: entries sorted by key, `<`, `>`, `&`
 * and the line separators escaped (snapd: checkJSON in asserts/asserts.go), so that there is one text for one value.
 * @throws AssertionRefusedError
 */
export function checkJsonBody(body: Buffer): void {
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed('body', 'the body is not JSON', { cause: error });
  }
  if (canonicalJson(value) !== text) {
    throw malformed('body', 'JSON in the body must be indented with 2 spaces and its entries sorted by key');
  }
}

/** The value as snapd wants it in a body. */
export function canonicalJson(value: unknown): string {
  return write(value, '', 0);
}

const MAX_DEPTH = 200;

function write(value: unknown, indent: string, depth: number): string {
  if (depth > MAX_DEPTH) throw malformed('body', 'JSON in the body is nested too deeply');
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((entry) => inner + write(entry, inner, depth + 1)).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([left], [right]) =>
      Buffer.compare(Buffer.from(left), Buffer.from(right)),
    );
    if (entries.length === 0) return '{}';
    const lines = entries.map(([key, entry]) => `${inner}${scalar(key)}: ${write(entry, inner, depth + 1)}`);
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  return scalar(value);
}

function scalar(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
