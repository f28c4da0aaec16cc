import { Injectable } from '@nestjs/common';

import { AssertionRefusedError, assertionRef } from '../../../formats/assertion/index.js';
import { type ByteText, byteText } from '../../../platform/http/answer.js';
import { AssertionCache, type HeldAssertion } from '../snapshot/assertion-cache.js';
import type { FetchAssertionsAction, WantedAssertion, WantedSequence } from './refresh-request.js';
import { assertionPath } from './assertion-path.js';

interface FetchError {
  readonly code: string;
  readonly message: string;
  readonly type: string;
  readonly 'primary-key'?: readonly string[];
  readonly 'sequence-key'?: readonly string[];
}

/** Tells devices where the assertions are that they lack, or have in an older revision. */
@Injectable()
export class AssertionFetches {
  constructor(private readonly assertions: AssertionCache) {}

  /** One result for the action. snapd honours either its URLs or its errors (store/store_action.go). */
  async result(
    action: FetchAssertionsAction,
    maxFormats: ReadonlyMap<string, number>,
    baseUrl: string,
  ): Promise<ByteText> {
    const urls: string[] = [];
    const errors: FetchError[] = [];
    for (const wanted of action.assertions) {
      const found = this.look(wanted, maxFormats.get(wanted.type) ?? 0);
      const outcome = found instanceof Promise ? await found : found;
      if (outcome === null) continue;
      if ('code' in outcome) errors.push(outcome);
      else urls.push(`${baseUrl}${assertionPath(outcome.ref, maxFormats.get(wanted.type) ?? 0)}`);
    }
    const result = {
      result: 'fetch-assertions',
      key: action.key,
      'assertion-stream-urls': errors.length > 0 ? [] : urls,
      ...(errors.length > 0 ? { 'error-list': errors } : {}),
    };
    return byteText(JSON.stringify(result));
  }

  /** Null where the device has nothing to fetch. */
  private look(
    wanted: WantedAssertion | WantedSequence,
    maxFormat: number,
  ): HeldAssertion | FetchError | null | Promise<HeldAssertion | FetchError | null> {
    try {
      const found = 'primaryKey' in wanted ? this.byKey(wanted, maxFormat) : this.bySequence(wanted, maxFormat);
      return found instanceof Promise ? found.then((held) => outcomeOf(held, wanted)) : outcomeOf(found, wanted);
    } catch (error) {
      if (!(error instanceof AssertionRefusedError)) throw error;
      return refusal(wanted, 'bad-request', error.message);
    }
  }

  private byKey(wanted: WantedAssertion, maxFormat: number): HeldAssertion | null | Promise<HeldAssertion | null> {
    return this.assertions.find(assertionRef(wanted.type, wanted.primaryKey), maxFormat);
  }

  private bySequence(wanted: WantedSequence, maxFormat: number): HeldAssertion | null | Promise<HeldAssertion | null> {
    const { type, sequenceKey, sequence } = wanted;
    if (sequence !== null)
      return this.assertions.find(assertionRef(type, [...sequenceKey, String(sequence)]), maxFormat);
    // Checks the type and the length of the key.
    const { type: known } = assertionRef(type, [...sequenceKey, '1']);
    return this.assertions.latest(known, sequenceKey, maxFormat);
  }
}

function outcomeOf(
  held: HeldAssertion | null,
  wanted: WantedAssertion | WantedSequence,
): HeldAssertion | FetchError | null {
  if (held === null) {
    // A device that has it already loses nothing: to it this means that there is nothing newer here. It would give up
    // refreshing all its snaps over an error (snapd: overlord/assertstate/bulk.go).
    const has = wanted.ifNewerThan !== null || ('sequenceKey' in wanted && wanted.ifSequenceEqualOrNewerThan !== null);
    return has ? null : refusal(wanted, 'not-found', `this store does not hold the ${wanted.type} that is asked for`);
  }
  return isNews(held, wanted) ? held : null;
}

function isNews(held: HeldAssertion, wanted: WantedAssertion | WantedSequence): boolean {
  const isNewer = wanted.ifNewerThan === null || held.revision > wanted.ifNewerThan;
  if ('primaryKey' in wanted || wanted.sequence !== null) return isNewer;
  const atLeast = wanted.ifSequenceEqualOrNewerThan;
  if (atLeast === null) return isNewer;
  const sequence = held.sequence ?? 0;
  return sequence > atLeast || (sequence === atLeast && isNewer);
}

function refusal(wanted: WantedAssertion | WantedSequence, code: string, message: string): FetchError {
  const { type } = wanted;
  return 'primaryKey' in wanted
    ? { code, message, type, 'primary-key': wanted.primaryKey }
    : { code, message, type, 'sequence-key': wanted.sequenceKey };
}
