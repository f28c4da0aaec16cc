import { BadRequestError } from '../../../../platform/http/http.errors.js';

export const MAX_SMALL_BODY = 16 * 1024;
/** A request with the answers to every question. */
export const MAX_BODY = 256 * 1024;

/** @throws BadRequestError where the body is no object */
export function field(body: unknown, name: string): unknown {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
  }
  throw new BadRequestError('the body of this request is no JSON object');
}

/** @throws BadRequestError */
export function text(body: unknown, name: string, maxLength: number): string {
  const value = field(body, name);
  if (typeof value === 'string' && value !== '' && value.length <= maxLength) return value;
  throw new BadRequestError(`"${name}" is missing, or is no text of up to ${maxLength} characters`);
}

/** Null where it is absent or empty. @throws BadRequestError */
export function optionalText(body: unknown, name: string, maxLength: number): string | null {
  const value = field(body, name);
  return value === undefined || value === null || value === '' ? null : text(body, name, maxLength);
}
