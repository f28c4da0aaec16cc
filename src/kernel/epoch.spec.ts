import { describe, expect, it } from 'vitest';

import { canRead, InvalidEpochError, parseEpoch } from './epoch.js';

describe(parseEpoch.name, () => {
  it.each([
    [undefined, [0], [0]],
    [null, [0], [0]],
    ['0', [0], [0]],
    [3, [3], [3]],
    ['1*', [0, 1], [1]],
    [{ read: [1, 2], write: [2] }, [1, 2], [2]],
    [{ write: [2] }, [2], [2]],
    [{ read: [2] }, [2], [2]],
  ])('reads %j', (value, read, write) => {
    expect(parseEpoch(value)).toEqual({ read, write });
  });

  it.each([
    'x',
    '0*',
    '-1',
    '01',
    '99999999999',
    { read: [] },
    { read: [2, 1] },
    { read: [1], write: [2] },
    { read: '1' },
    true,
  ])('refuses %j', (value) => {
    expect(() => parseEpoch(value)).toThrow(InvalidEpochError);
  });

  it('lets a revision take over data it can read, and no other', () => {
    expect(canRead(parseEpoch('1*'), parseEpoch('0'))).toBe(true);
    expect(canRead(parseEpoch('2'), parseEpoch('0'))).toBe(false);
  });
});
