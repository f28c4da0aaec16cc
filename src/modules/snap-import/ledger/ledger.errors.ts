import { StoreError } from '../../../kernel/store-error.js';

export class ImportNotRecordedError extends StoreError {
  readonly code = 'import-not-recorded';

  constructor(key: string) {
    super(`no import "${key.slice(0, 60)}" is in the ledger`, { import: key.slice(0, 60) });
  }
}

/** What the ledger says of an import is not what was written down when it ended. */
export class ImportReportDamagedError extends StoreError {
  readonly code = 'import-report-damaged';

  constructor(number: number, problems: readonly string[]) {
    super(`the report of import ${number} is not as it was recorded: ${problems.join('; ')}`, { number, problems });
  }
}
