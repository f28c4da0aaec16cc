import type { Fields } from '../../../formats/bundle/index.js';
import { UpstreamAnswerError } from '../http/http.errors.js';

/**
 * How `Fields` complain that read a store's answer.
 * @param where the URL that answers
 * @param what `"jq"`, or another thing that was asked for
 */
export function unbelievable(where: string, what: string): (why: string) => UpstreamAnswerError {
  return (why) => new UpstreamAnswerError(where, `cannot be believed about ${what}: ${why}`);
}

/** Stores written in Go leave a text out by sending an empty one. */
export function textOrNull(fields: Fields, key: string, maxLength: number): string | null {
  return fields.value(key) === '' ? null : fields.optionalText(key, maxLength);
}
