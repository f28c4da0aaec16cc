import { describe, expect, it } from 'vitest';

import { curatedCategories } from './curated-categories.js';

const NOBODY = { featured: null, categories: null };
const art = { name: 'art', featured: false };

describe(curatedCategories.name, () => {
  it.each([
    ['nothing', [], NOBODY, { categories: [], featured: null }],
    ['what the bundle says', [art], NOBODY, { categories: [art], featured: null }],
    [
      'the flag of a bundle',
      [{ ...art, featured: true }],
      NOBODY,
      { categories: [{ ...art, featured: true }], featured: 0 },
    ],
    [
      'the category of a bundle',
      [{ name: 'featured', featured: false }],
      NOBODY,
      { categories: [{ name: 'featured', featured: false }], featured: 0 },
    ],
    [
      'a place in the list of the operator',
      [art],
      { featured: 3, categories: null },
      { categories: [{ ...art, featured: true }], featured: 3 },
    ],
    [
      'no place in it, whatever the bundle says',
      [
        { ...art, featured: true },
        { name: 'featured', featured: true },
      ],
      { featured: -1, categories: null },
      { categories: [art], featured: null },
    ],
    [
      'categories of the operator',
      [art],
      { featured: null, categories: ['games'] },
      { categories: [{ name: 'games', featured: false }], featured: null },
    ],
    [
      'categories of the operator, featured by the bundle',
      [{ ...art, featured: true }],
      { featured: null, categories: ['games'] },
      { categories: [{ name: 'games', featured: true }], featured: 0 },
    ],
    [
      'no category at the wish of the operator',
      [art],
      { featured: null, categories: [] },
      { categories: [], featured: null },
    ],
  ])('knows %s', (_what, brought, word, expected) => {
    expect(curatedCategories(brought, word)).toEqual(expected);
  });
});
