import { Injectable } from '@nestjs/common';

import { assertionRef, assertionType, assertionTypes } from '../../../formats/assertion/index.js';
import { StoreError } from '../../../kernel/store-error.js';
import type { Answer } from '../../../platform/http/answer.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';
import { ANY_FORMAT, AssertionCache, type HeldAssertion } from '../snapshot/assertion-cache.js';

/** snapd's media type (asserts/asserts.go). */
const ASSERTION_TYPE = 'application/x.ubuntu.assertion';
const HEADERS = { 'content-type': ASSERTION_TYPE };
const KNOWN_TYPES: ReadonlySet<string> = new Set(assertionTypes().map(({ name }) => name));
const WHOLE = /^(0|[1-9][0-9]{0,9})$/;

/** To snapd this exact code means that the assertion does not exist, which it can often do without (store/store_asserts.go). */
export class AssertionNotHeldError extends StoreError {
  readonly code = 'not-found';

  constructor(what: string) {
    super(`this store does not hold the assertion ${what.slice(0, 200)}`);
  }
}

/** Answers `GET v2/assertions/{type}/{primary key…}` in the bytes that the authority signed. */
@Injectable()
export class AssertionsService {
  constructor(private readonly assertions: AssertionCache) {}

  /**
   * @param path type and primary key as they stand in the URL: percent-encoded, optional keys left out or not. With
   *   `sequence` the last key of a sequence-forming type is left out.
   * @throws BadRequestError, AssertionRefusedError, AssertionNotHeldError
   */
  answer(path: string, query: string): Answer | Promise<Answer> {
    const parts = path.split('/');
    const [typeName = '', ...key] = path.includes('%') ? parts.map(decoded) : parts;
    const { maxFormat, sequence } = parametersOf(query);
    // A newer snapd may know more types; there are none of them here.
    if (!KNOWN_TYPES.has(typeName)) throw new AssertionNotHeldError(path);
    const found =
      sequence === null
        ? this.assertions.find(assertionRef(typeName, key), maxFormat)
        : this.inSequence(typeName, key, sequence, maxFormat);
    if (found instanceof Promise) return found.then((held) => answerOf(held, path));
    return answerOf(found, path);
  }

  private inSequence(
    typeName: string,
    sequenceKey: readonly string[],
    sequence: string,
    maxFormat: number,
  ): HeldAssertion | null | Promise<HeldAssertion | null> {
    const type = assertionType(typeName);
    if (!type.isSequenceForming) throw new BadRequestError(`assertions of type ${typeName} form no sequence`);
    if (sequence === 'latest') {
      // Checks the length of the key.
      assertionRef(typeName, [...sequenceKey, '1']);
      return this.assertions.latest(type, sequenceKey, maxFormat);
    }
    if (!WHOLE.test(sequence)) throw new BadRequestError('sequence is a number or "latest"');
    return this.assertions.find(assertionRef(typeName, [...sequenceKey, sequence]), maxFormat);
  }
}

function answerOf(held: HeldAssertion | null, path: string): Answer {
  if (held === null) throw new AssertionNotHeldError(path);
  return { status: 200, headers: HEADERS, body: held.encoded };
}

/** Most queries say how far the device reads and nothing else. */
const PLAIN_QUERY = /^max-format=([0-9]{1,3})$/;

function parametersOf(query: string): { readonly maxFormat: number; readonly sequence: string | null } {
  const plain = PLAIN_QUERY.exec(query);
  if (plain !== null) return { maxFormat: Number(plain[1]), sequence: null };
  const parameters = new URLSearchParams(query);
  return { maxFormat: formatOf(parameters.get('max-format')), sequence: parameters.get('sequence') };
}

/** A device that names no format takes any. */
function formatOf(text: string | null): number {
  if (text === null || text === '') return ANY_FORMAT;
  if (!WHOLE.test(text)) throw new BadRequestError('max-format is a whole number');
  return Math.min(Number(text), ANY_FORMAT);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BadRequestError('the percent-encoding of the path is broken');
  }
}
