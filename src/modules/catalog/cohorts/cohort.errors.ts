import { StoreError } from '../../../kernel/store-error.js';

/** Another store made it, or nobody did, or it is for another snap. */
export class CohortKeyInvalidError extends StoreError {
  readonly code = 'cohort-key-invalid';

  /** @param name the snap that it was shown for, if any */
  constructor(name: string | null = null) {
    super(`this store has not made that cohort key${name === null ? '' : ` for snap ${name}`}`, { name });
  }
}

export class CohortKeyExpiredError extends StoreError {
  readonly code = 'cohort-key-expired';

  constructor(name: string, expiredAt: Date) {
    const when = expiredAt.toISOString();
    super(`the cohort of snap ${name} expired at ${when}; "snap refresh --leave-cohort ${name}" leaves it`, {
      name,
      expiredAt: when,
    });
  }
}
