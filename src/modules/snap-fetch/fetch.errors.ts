import { printable } from '../../formats/assertion/index.js';
import { StoreError } from '../../kernel/store-error.js';

/**
 * What came from the online store is not what its signatures, or the store itself, said it would be. Nothing of it leaves this
 * machine. The message reads `SUBJECT: reason`; the details hold both apart.
 */
export class FetchRefusedError extends StoreError {
  readonly code = 'fetch-refused';

  /** @param subject what was being fetched: a snap, a file, an assertion */
  constructor(subject: string, reason: string, options?: ErrorOptions) {
    super(`${printable(subject)}: ${reason}`, { subject: printable(subject), reason }, options);
  }
}

/** Fetching something failed with an error of another room, whose code it keeps; the message says what was being fetched. */
export class FetchFailedError extends StoreError {
  readonly code: string;

  constructor(subject: string, cause: StoreError) {
    super(`${printable(subject)}: ${cause.message}`, { ...cause.details, subject: printable(subject) }, { cause });
    this.code = cause.code;
  }
}

/** Says what was being fetched when a room's own error comes by; everything else passes as it is. */
export async function aboutSubject<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOurs = error instanceof FetchRefusedError || error instanceof FetchFailedError;
    throw error instanceof StoreError && !isOurs ? new FetchFailedError(subject, error) : error;
  }
}
