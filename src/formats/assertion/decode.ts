import { isUtf8 } from 'node:buffer';

import { Assertion } from './assertion.js';
import { AssertionRefusedError, malformed } from './assertion.errors.js';
import { AssertionRef } from './assertion-ref.js';
import type { AssertionType } from './assertion-type.js';
import { checkDigest, checkIteration, checkNotEmpty, checkPrimaryKey, parseInteger } from './header-checks.js';
import { type HeaderMap, type HeaderValue, parseHeaders } from './headers.js';
import { checkJsonBody } from './json-body.js';
import { MAX_BODY_BYTES, MAX_HEADERS_BYTES, MAX_SIGNATURE_BYTES } from './limits.js';
import { assertionType, assertionTypes, findAssertionType } from './registry.js';

const LARGEST_BODY_BYTES = Math.max(...assertionTypes().map(({ maxBodyBytes }) => maxBodyBytes));
const MAX_ASSERTION_BYTES = MAX_HEADERS_BYTES + LARGEST_BODY_BYTES + MAX_SIGNATURE_BYTES;
const BLANK_LINE = Buffer.from('\n\n');

/**
 * Decodes one assertion that is all there is: what follows the last blank line is its signature, so a further line end after
 * it is refused, as snapd's Decode does.
 * @throws AssertionRefusedError, stage `decode`
 */
export function decodeAssertion(bytes: Uint8Array): Assertion {
  if (bytes.length > MAX_ASSERTION_BYTES) throw malformed('too-large', 'the assertion is too large');
  const all = Buffer.from(bytes);
  const split = all.lastIndexOf(BLANK_LINE);
  if (split === -1) throw malformed('separator', 'no blank line parts content and signature');
  const content = all.subarray(0, split);
  const headersEnd = content.indexOf(BLANK_LINE);
  const body = headersEnd === -1 ? Buffer.alloc(0) : content.subarray(headersEnd + BLANK_LINE.length);
  const headers = parseHeaders(headersEnd === -1 ? content : content.subarray(0, headersEnd));
  return assembleAssertion(headers, body, content, all.subarray(split + BLANK_LINE.length));
}

/**
 * Puts the parts together and checks all that can be said about an assertion by itself, in snapd's order (assemble in
 * asserts/asserts.go). The buffers become the assertion's own.
 * @throws AssertionRefusedError, stage `decode`
 */
export function assembleAssertion(headers: HeaderMap, body: Buffer, content: Buffer, signature: Buffer): Assertion {
  const declared = bodyLength(headers);
  if (declared !== body.length) throw malformed('body', `the body has ${body.length} bytes and not ${declared}`);
  if (!isUtf8(body)) throw malformed('body', 'the body is not UTF-8');
  checkDigest(headers, 'sign-key-sha3-384');
  const type = assertionType(checkNotEmpty(headers, 'type'));
  if (body.length > type.maxBodyBytes) throw tooLargeBody(body.length);
  try {
    if (type.hasJsonBody) checkJsonBody(body);
    checkAuthority(type, headers);
    const format = checkIteration(headers, 'format');
    const complete = withOptionalKeys(type, headers);
    for (const name of type.primaryKey) checkPrimaryKey(complete, name);
    const revision = checkIteration(headers, 'revision');
    if (signature.length === 0) throw malformed('no-signature', 'the signature is empty');
    const authorityId = typeof headers['authority-id'] === 'string' ? headers['authority-id'] : '';
    type.validate({ headers: complete, body, format, authorityId });
    return new Assertion({ type, headers: complete, body, revision, format, content, signature });
  } catch (error) {
    throw withIdentity(error, type, headers);
  }
}

function bodyLength(headers: HeaderMap): number {
  const value = headers['body-length'];
  if (value === undefined) return 0;
  if (typeof value !== 'string') throw malformed('body', '"body-length" header is not an integer');
  return parseInteger(value, '"body-length" header');
}

/**
 * What the headers say about the body's length; zero where they say nothing.
 * @throws AssertionRefusedError where it is more than a body of this type may have
 */
export function checkBodyLength(headers: HeaderMap): number {
  const length = bodyLength(headers);
  const type = typeof headers.type === 'string' ? findAssertionType(headers.type) : null;
  if (length > (type?.maxBodyBytes ?? MAX_BODY_BYTES)) throw tooLargeBody(length);
  return length;
}

function tooLargeBody(length: number): AssertionRefusedError {
  return malformed('too-large', `a body of ${length} bytes is too large`);
}

function checkAuthority(type: AssertionType, headers: HeaderMap): void {
  if (type.authority === 'account') {
    checkNotEmpty(headers, 'authority-id');
  } else if (headers['authority-id'] !== undefined) {
    throw malformed('type-rule', `"${type.name}" assertions cannot have an authority-id`);
  }
}

function withOptionalKeys(type: AssertionType, headers: HeaderMap): HeaderMap {
  const missing = Object.entries(type.optionalKeyDefaults).filter(([name]) => headers[name] === undefined);
  if (missing.length === 0) return headers;
  const complete = Object.assign(Object.create(null) as Record<string, HeaderValue>, headers);
  for (const [name, value] of missing) complete[name] = value;
  return Object.freeze(complete);
}

/** Names the assertion in what is wrong with it, as far as it has a name. */
function withIdentity(error: unknown, type: AssertionType, headers: HeaderMap): unknown {
  if (!(error instanceof AssertionRefusedError)) return error;
  const key = type.primaryKey.map((name) => headers[name] ?? type.optionalKeyDefaults[name]);
  const isNamed = key.every((value): value is string => typeof value === 'string' && value !== '');
  const assertion = isNamed ? new AssertionRef(type, key).toString() : type.name;
  return new AssertionRefusedError(
    `${assertion}: ${error.message}`,
    { ...error.refusal, type: type.name, assertion },
    { cause: error },
  );
}
