import { describe, expect, it } from 'vitest';

import { SharedTexts } from './shared-texts.js';

/** How many texts it keeps, which nothing outside can see otherwise. */
const kept = (texts: SharedTexts): number => (texts as unknown as { texts: Map<string, string> }).texts.size;

describe(SharedTexts.name, () => {
  it('gives equal texts back, and keeps each once', () => {
    const texts = new SharedTexts();
    expect([texts.of('stable'), texts.of(['sta', 'ble'].join(''))]).toEqual(['stable', 'stable']);
    expect(kept(texts)).toBe(1);
  });

  it('cannot be filled from outside', () => {
    const texts = new SharedTexts();
    for (let number = 0; number < 5_000; number++) texts.of(`text ${number}`);
    expect(kept(texts)).toBeLessThanOrEqual(1_000);
    const before = kept(texts);
    expect(texts.of('x'.repeat(2_000))).toHaveLength(2_000);
    expect(kept(texts)).toBe(before);
  });
});
