import { StoreError } from '../../../kernel/store-error.js';

/** Smaller ones would be all names. */
const SMALLEST_PART_BYTES = 64 * 1024;

export class PartSizeInvalidError extends StoreError {
  readonly code = 'part-size-invalid';
}

const SIZE = /^([0-9]{1,15})(?:([KMGT])(iB|B)?)?$/;
const POWERS = { K: 1, M: 2, G: 3, T: 4 } as const;

/**
 * Reads `700M`, `4GB` or `1000000` as coreutils' `split` does: `M` and `MiB` are powers of 1024, `MB` is one of 1000.
 * @returns bytes
 * @throws PartSizeInvalidError
 */
export function parsePartSize(text: string): number {
  const [, digits, letter, suffix] = SIZE.exec(text) ?? [];
  if (digits === undefined)
    throw new PartSizeInvalidError(`"${text}" is not a size such as 700M, 4GB or 1000000`, { size: text });
  const base = suffix === 'B' ? 1000 : 1024;
  const bytes = Number(digits) * (letter === undefined ? 1 : base ** POWERS[letter as keyof typeof POWERS]);
  if (bytes < SMALLEST_PART_BYTES || !Number.isSafeInteger(bytes))
    throw new PartSizeInvalidError(`parts cannot be of ${text}: 64K is the least`, { size: text });
  return bytes;
}
