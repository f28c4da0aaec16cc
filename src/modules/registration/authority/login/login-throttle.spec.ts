import { describe, expect, it } from 'vitest';

import { FixedClock, SIGNED_AT } from '../../../../../test/support/authority.js';

import { TooManyRequestsError } from '../authority.errors.js';
import { type Attempt, LoginThrottle } from './login-throttle.js';

const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  email: 'me@example.org',
  isKnown: true,
  address: '192.0.2.1',
  ...changes,
});

/** How many attempts are let through. */
function letThrough(throttle: LoginThrottle, attempts: (index: number) => Attempt, most = 1000): number {
  for (let index = 0; index < most; index += 1) {
    try {
      throttle.begin(attempts(index));
    } catch (error) {
      if (error instanceof TooManyRequestsError) return index;
      throw error;
    }
  }
  return most;
}

describe(LoginThrottle.name, () => {
  it('bears with ten failures of an account, wherever they come from', () => {
    expect(letThrough(new LoginThrottle(new FixedClock()), (index) => attempt({ address: `192.0.2.${index}` }))).toBe(
      10,
    );
  });

  it('bears with sixty failures of an address, whatever the accounts', () => {
    expect(
      letThrough(new LoginThrottle(new FixedClock()), (index) =>
        attempt({ email: `${index}@example.org`, isKnown: false }),
      ),
    ).toBe(60);
  });

  it('takes a whole network of IPv6 for one address', () => {
    const from = (index: number) =>
      attempt({ email: `${index}@example.org`, address: `2001:db8::${index.toString(16)}` });
    expect(letThrough(new LoginThrottle(new FixedClock()), from)).toBe(60);
    const other = (index: number) =>
      attempt({ email: `${index}@example.org`, address: `2001:db8:0:${index.toString(16)}::1` });
    expect(letThrough(new LoginThrottle(new FixedClock()), other, 100)).toBe(100);
  });

  it('says how long to wait, and does not wait longer for whoever keeps trying', () => {
    const clock = new FixedClock();
    const throttle = new LoginThrottle(clock);
    letThrough(throttle, () => attempt());
    clock.set(new Date(SIGNED_AT.getTime() + 14 * 60 * 1000));
    expect(() => {
      throttle.begin(attempt());
    }).toThrow('in 60 seconds');
    clock.set(new Date(SIGNED_AT.getTime() + 15 * 60 * 1000 + 1));
    throttle.begin(attempt());
  });

  it('forgets the failures of whoever gets in', () => {
    const throttle = new LoginThrottle(new FixedClock());
    for (let round = 0; round < 5; round += 1) {
      for (let index = 0; index < 9; index += 1) throttle.begin(attempt({ address: `192.0.2.${round}` }));
      throttle.begin(attempt());
      throttle.succeed(attempt());
    }
    expect(letThrough(throttle, () => attempt({ address: '192.0.2.99' }))).toBe(10);
  });

  it('counts nothing for a right password that only lacks its second half', () => {
    const throttle = new LoginThrottle(new FixedClock());
    for (let index = 0; index < 100; index += 1) {
      throttle.begin(attempt());
      throttle.takeBack(attempt());
    }
    expect(letThrough(throttle, () => attempt())).toBe(10);
  });

  it('does not forget an account for any number of made-up ones', () => {
    const throttle = new LoginThrottle(new FixedClock());
    letThrough(throttle, () => attempt());
    for (let index = 0; index < 30_000; index += 1) {
      throttle.begin(attempt({ email: `${index}@example.org`, isKnown: false, address: `a${index}` }));
    }
    expect(letThrough(throttle, () => attempt({ address: 'another' }))).toBe(0);
  });
});
