import { describe, expect, it } from 'vitest';

import { UpstreamAnswerError, UpstreamUnreachableError } from './http.errors.js';
import { retryAfter } from './retry-after.js';
import { type Pause, Retries, type RetryOptions } from './retries.js';

const { signal } = new AbortController();
const failure = (afterMs: number | null = null) =>
  new UpstreamUnreachableError('there', 'busy', { retry: { afterMs } });

/** Runs what fails with these in turn and then succeeds; which pauses it took. */
async function pausesOf(failures: readonly Error[], options: Partial<RetryOptions> = {}): Promise<(number | string)[]> {
  const pauses: (number | string)[] = [];
  const left = [...failures];
  const retries = new Retries({
    tries: 5,
    firstPauseMs: 100,
    longestPauseMs: 60_000,
    random: () => 1,
    sleep: (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
    ...options,
  });
  const attempt = () => {
    const next = left.shift();
    return next === undefined ? Promise.resolve('done') : Promise.reject(next);
  };
  return [...pauses, await retries.run(signal, attempt).catch((error: unknown) => (error as Error).message), ...pauses];
}

describe(Retries.name, () => {
  it('waits longer from try to try, and never exactly as long as another', async () => {
    const failures = [failure(), failure(), failure()];
    expect(await pausesOf(failures)).toEqual(['done', 100, 200, 400]);
    expect(await pausesOf(failures, { random: () => 0 })).toEqual(['done', 50, 100, 200]);
  });

  it('waits as long as the server asks for', async () => {
    expect(await pausesOf([failure(7000), failure(0)])).toEqual(['done', 7000, 0]);
  });

  it('does not wait for long, and says for how long it should have', async () => {
    expect(await pausesOf([failure(), failure(3_600_000)])).toEqual([
      'there cannot be reached: busy, and asks to wait 60 minutes',
      100,
    ]);
  });

  it('gives up after so many tries, and says how many', async () => {
    const failures = Array.from({ length: 3 }, () => failure());
    expect(await pausesOf(failures, { tries: 3 })).toEqual(['there cannot be reached: busy, 3 times', 100, 200]);
  });

  it.each([
    new UpstreamUnreachableError('there', 'its name is not known'),
    new UpstreamAnswerError('there', 'answers nonsense'),
  ])('does not try again what cannot pass: $message', async (error) => {
    expect(await pausesOf([error])).toEqual([error.message]);
  });

  it('tells of each pause, and when it is over', async () => {
    const told: string[] = [];
    const onPause = ({ error, ms }: Pause) => told.push(`${error.why} ${ms}`);
    await pausesOf([failure(), failure(5)], { onPause, onPauseEnd: () => told.push('over') });
    expect(told).toEqual(['busy 100', 'over', 'busy 5', 'over']);
  });

  it('stops waiting when it is told to stop', async () => {
    const stop = new AbortController();
    const retries = new Retries({
      firstPauseMs: 60_000,
      onPause: () => {
        stop.abort(new Error('enough'));
      },
    });
    await expect(retries.run(stop.signal, () => Promise.reject(failure()))).rejects.toThrow('enough');
  });
});

describe(retryAfter.name, () => {
  const now = new Date('2026-01-02T03:04:05Z');
  it.each([
    [null, null],
    ['7', 7000],
    ['0', 0],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['1e9', null],
    ['99999999999', null],
  ])('reads %j as %j ms', (header, ms) => {
    expect(retryAfter(header, now)).toBe(ms);
  });
});
