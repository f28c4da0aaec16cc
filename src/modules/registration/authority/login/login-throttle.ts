import { LRUCache } from 'lru-cache';

import type { Clock } from '../../../../kernel/clock.js';
import { TooManyRequestsError } from '../authority.errors.js';

const WINDOW_MS = 15 * 60 * 1000;
const MAX_PER_ACCOUNT = 10;
const MAX_PER_ADDRESS = 60;
/** For each kind; the oldest are forgotten. */
const MAX_REMEMBERED = 20_000;

/** Who tries to log in, from where. */
export interface Attempt {
  /** In its normal form. */
  readonly email: string;
  /** An account that there is: those are remembered apart, so that made-up ones do not push them out. */
  readonly isKnown: boolean;
  readonly address: string;
}

/**
 * Counts attempts to log in that have not succeeded, by account and by address, and refuses more than a few in a while. It counts before
 * the password is looked at: a thousand guesses at once are a thousand guesses. In memory, and bounded.
 */
export class LoginThrottle {
  private readonly accounts: LRUCache<string, number>;
  private readonly strangers: LRUCache<string, number>;
  private readonly addresses: LRUCache<string, number>;

  constructor(clock: Clock) {
    this.accounts = counters(clock);
    this.strangers = counters(clock);
    this.addresses = counters(clock);
  }

  /** @throws TooManyRequestsError */
  begin(attempt: Attempt): void {
    const { email, address } = attempt;
    const limits = [
      [this.of(attempt), email, MAX_PER_ACCOUNT],
      [this.addresses, networkOf(address), MAX_PER_ADDRESS],
    ] as const;
    for (const [counter, key, most] of limits) {
      if ((counter.get(key) ?? 0) < most) continue;
      throw new TooManyRequestsError(Math.max(1, Math.ceil(counter.getRemainingTTL(key) / 1000)));
    }
    // The time runs from the first attempt on: somebody who keeps trying does not lock the account for ever.
    for (const [counter, key] of limits) {
      const count = counter.get(key) ?? 0;
      counter.set(key, count + 1, count === 0 ? {} : { ttl: counter.getRemainingTTL(key) });
    }
  }

  /** What `begin` counted was no failure: the password was right. */
  takeBack(attempt: Attempt): void {
    for (const [counter, key] of [
      [this.of(attempt), attempt.email] as const,
      [this.addresses, networkOf(attempt.address)] as const,
    ]) {
      const count = counter.get(key) ?? 0;
      if (count > 0) counter.set(key, count - 1, { ttl: counter.getRemainingTTL(key) });
    }
  }

  /** Somebody has proven to be who he says he is. */
  succeed(attempt: Attempt): void {
    this.takeBack(attempt);
    this.of(attempt).delete(attempt.email);
  }

  private of({ isKnown }: Attempt): LRUCache<string, number> {
    return isKnown ? this.accounts : this.strangers;
  }
}

function counters(clock: Clock): LRUCache<string, number> {
  const perf = { now: () => clock.now().getTime() };
  return new LRUCache<string, number>({ max: MAX_REMEMBERED, ttl: WINDOW_MS, ttlResolution: 0, perf });
}

/** Everybody has a whole /64 of IPv6 to come from. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = '', after] = address.split('::');
  const head = before.split(':').filter((group) => group !== '');
  const tail = (after ?? '').split(':').filter((group) => group !== '');
  const zeros =
    after === undefined ? [] : Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}
