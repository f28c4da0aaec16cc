import { describe, expect, it } from 'vitest';

import { encodeCost, parseCost } from './scrypt.js';

describe(parseCost.name, () => {
  it('reads what encodeCost writes', () => {
    const cost = { ln: 15, r: 8, p: 3 };
    expect(parseCost(encodeCost(cost))).toEqual(cost);
    expect(parseCost('ln=18,r=8,p=8')).toEqual({ ln: 18, r: 8, p: 8 });
  });

  it.each([
    '',
    'ln=15',
    'ln=15,r=8',
    'ln=19,r=8,p=1',
    'ln=15,r=9,p=1',
    'ln=15,r=8,p=9',
    'ln=0,r=8,p=1',
    'ln=15,r=0,p=1',
  ])('does not pay %s', (text) => {
    expect(parseCost(text)).toBeNull();
  });
});
