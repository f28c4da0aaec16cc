import { describe, expect, it } from 'vitest';

import { squashed, wordsOf } from './search-words.js';

describe(wordsOf.name, () => {
  it.each([
    ['Libre-Office', ['libre', 'office']],
    ['  a, b;c ', ['a', 'b', 'c']],
    ['Café Zürich', ['cafe', 'zurich']],
    ['ﬁle №7', ['file', 'no7']],
    ['日本語 2.0', ['日本語', '2', '0']],
    ["' OR 1=1 --", ['or', '1', '1']],
    ['\0!&|:*', []],
    ['', []],
  ])('finds in "%s" the words %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });
});

describe(squashed.name, () => {
  it('says the same of what is written apart and together', () => {
    expect(new Set(['LibreOffice', 'libre-office', 'Libre Office'].map(squashed))).toEqual(new Set(['libreoffice']));
  });
});
