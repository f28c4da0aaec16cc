const SIZE = /^([0-9]{1,15})(?:([KMGT])(iB|B)?)?$/;
const POWERS = { K: 1, M: 2, G: 3, T: 4 } as const;

/**
 * Reads `700M`, `4GB` or `1000000` as coreutils' `split` does: `M` and `MiB` are powers of 1024, `MB` is one of 1000.
 * @returns bytes; null where it is no such size, or more than a number can hold
 */
export function parseByteSize(text: string): number | null {
  const [, digits, letter, suffix] = SIZE.exec(text) ?? [];
  if (digits === undefined) return null;
  const base = suffix === 'B' ? 1000 : 1024;
  const bytes = Number(digits) * (letter === undefined ? 1 : base ** POWERS[letter as keyof typeof POWERS]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
