import { parseByteSize } from '../../../kernel/byte-size.js';
import { StoreError } from '../../../kernel/store-error.js';

/** Smaller ones would be all names. */
const SMALLEST_PART_BYTES = 64 * 1024;

export class PartSizeInvalidError extends StoreError {
  readonly code = 'part-size-invalid';
}

/**
 * Reads the SIZE of `--split`, such as `700M` or `4GB`.
 * @returns bytes
 * @throws PartSizeInvalidError
 */
export function parsePartSize(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes === null)
    throw new PartSizeInvalidError(`"${text}" is not a size such as 700M, 4GB or 1000000`, { size: text });
  if (bytes < SMALLEST_PART_BYTES)
    throw new PartSizeInvalidError(`parts cannot be of ${text}: 64K is the least`, { size: text });
  return bytes;
}
