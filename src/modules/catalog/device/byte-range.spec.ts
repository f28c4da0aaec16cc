import { describe, expect, it } from 'vitest';

import { parseRange } from './byte-range.js';

describe(parseRange.name, () => {
  it.each([
    ['bytes=0-', 0, 99],
    ['bytes=0-0', 0, 0],
    ['bytes=99-', 99, 99],
    ['bytes=10-5000', 10, 99],
    ['bytes=-1', 99, 99],
    ['bytes=-500', 0, 99],
  ])('reads %s of 100 bytes', (header, start, end) => {
    expect(parseRange(header, 100)).toEqual({ start, end });
  });

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('cannot satisfy %s', (header) => {
    expect(parseRange(header, 100)).toBe('unsatisfiable');
  });

  it.each([
    null,
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes= 0-1',
    `bytes=${'9'.repeat(40)}-`,
  ])('heeds no "%s"', (header) => {
    expect(parseRange(header, 100)).toBeNull();
  });

  it('has nothing to give of an empty file', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable');
  });
});
