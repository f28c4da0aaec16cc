const NO_WORD = /[^\p{L}\p{N}]+/u;
const MARKS = /\p{M}+/gu;

/** The words of a text as the search compares them: lower case, without accents, cut at whatever is no letter and no digit. */
export function wordsOf(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(MARKS, '')
    .normalize('NFKC')
    .toLowerCase()
    .split(NO_WORD)
    .filter((word) => word !== '');
}

/** All words in one: "Libre Office", "libre-office" and "LibreOffice" are the same. */
export function squashed(text: string): string {
  return wordsOf(text).join('');
}
