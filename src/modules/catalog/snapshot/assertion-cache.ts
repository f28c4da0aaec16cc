import { Injectable } from '@nestjs/common';

import type { Assertion, AssertionRef, AssertionType } from '../../../formats/assertion/index.js';
import { WatchedCache } from '../../../platform/cache/watched-cache.js';
import type { ByteText } from '../../../platform/http/answer.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { ASSERTIONS_TOPIC, AssertionService } from '../../assertions/index.js';

const MAX_BYTES = 48 * 1024 * 1024;
/** Keys come from the network; what is longer than any real one is looked up but not remembered. */
const MAX_KEY_LENGTH = 600;

/** What an assertion's format may be at most where nobody has said so. */
export const ANY_FORMAT = 2 ** 31 - 1;

/** An assertion as it is handed to devices. */
export interface HeldAssertion {
  readonly ref: AssertionRef;
  readonly revision: number;
  /** Null where the type forms no sequence. */
  readonly sequence: number | null;
  /** The bytes that its authority signed. */
  readonly encoded: ByteText;
}

/** The assertions that devices ask for, in memory; what is not held included. Forgets all when any assertion comes in. */
@Injectable()
export class AssertionCache {
  private readonly found: WatchedCache<HeldAssertion | null>;

  constructor(
    private readonly assertions: AssertionService,
    changes: ChangeFeed,
  ) {
    this.found = new WatchedCache(changes, {
      maxBytes: MAX_BYTES,
      maxEntries: 100_000,
      sizeOf: (held) => 500 + (held?.encoded.length ?? 0),
      isStaleAfter: ({ topic }) => topic === ASSERTIONS_TOPIC,
    });
  }

  /** The newest revision in the highest format up to this one, or null. */
  find(ref: AssertionRef, maxFormat: number): HeldAssertion | null | Promise<HeldAssertion | null> {
    if (ref.primaryKey.some(isUnkeepable)) return null;
    return this.get(`${maxFormat} ${ref.id}`, () => this.assertions.find(ref, maxFormat));
  }

  /** The highest in its sequence, or null. */
  latest(
    type: AssertionType,
    sequenceKey: readonly string[],
    maxFormat: number,
  ): HeldAssertion | null | Promise<HeldAssertion | null> {
    if (sequenceKey.some(isUnkeepable)) return null;
    const key = `${maxFormat} latest ${type.name}/${sequenceKey.join('/')}`;
    return this.get(key, () => this.assertions.latest(type, sequenceKey, maxFormat));
  }

  private get(
    key: string,
    load: () => Promise<Assertion | null>,
  ): HeldAssertion | null | Promise<HeldAssertion | null> {
    const look = async (): Promise<HeldAssertion | null> => held(await load());
    if (key.length > MAX_KEY_LENGTH) return look();
    return this.found.get(key, look);
  }
}

function held(assertion: Assertion | null): HeldAssertion | null {
  if (assertion === null) return null;
  const { ref, revision, sequence, encoded } = assertion;
  return { ref, revision, sequence, encoded: encoded.toString('latin1') };
}

/** No assertion that is kept has a NUL in its key, and PostgreSQL would refuse to look for one. */
function isUnkeepable(part: string): boolean {
  return part.includes('\0');
}
