import { SquashfsError } from '../squashfs-error.js';

/**
 * Turns one compressed block back into bytes. It never makes more than `maxBytes`, does work in proportion to its input
 * and output only, and throws a SquashfsError for anything that is not sound.
 */
export type Decompressor = (input: Buffer, maxBytes: number) => Buffer;

/** A block that its compressor cannot have written. */
export class CorruptBlockError extends SquashfsError {
  constructor(compressor: string, reason: string) {
    super(`a block of the snap file is no sound ${compressor} data: ${reason}`, { compressor, reason });
  }
}
