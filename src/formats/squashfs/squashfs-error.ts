import { StoreError, type ErrorDetails } from '../../kernel/store-error.js';

/**
 * The one base of what reading a squashfs image can fail with. This class itself means that the image is damaged, truncated
 * or made to mislead; the subclasses say more.
 */
export class SquashfsError extends StoreError {
  readonly code: string = 'snap-file-damaged';
}

/** The image asks for something that this reader does not have: another version, a compressor, a filter. */
export class SquashfsUnsupportedError extends SquashfsError {
  override readonly code = 'snap-file-unsupported';
}

/** The image goes beyond what this reader was told to spend on it. It may be sound; it is not a snap that a store takes. */
export class SquashfsLimitError extends SquashfsError {
  override readonly code = 'snap-file-too-large';
}

/** What was asked for is not there, or is something else than was asked for. */
export class SquashfsPathError extends SquashfsError {
  override readonly code = 'snap-file-no-such-file';

  constructor(path: string, reason: string, details: ErrorDetails = {}) {
    super(`"${path.slice(0, 200)}" in the snap file ${reason}`, { path: path.slice(0, 200), ...details });
  }
}
