import { StoreError } from '../../../kernel/store-error.js';

/** What is asked for holds nothing that could be exported. */
export class NothingToExportError extends StoreError {
  readonly code = 'nothing-to-export';
}

/** A held revision cannot leave whole: its file, or an assertion that proves it, is missing or does not hold. */
export class SnapNotExportableError extends StoreError {
  readonly code = 'snap-not-exportable';

  constructor(subject: string, reason: string, options?: ErrorOptions) {
    super(`${subject} cannot be exported: ${reason}`, { subject, reason }, options);
  }
}
