import { StoreError } from '../../../kernel/store-error.js';

/** Whether asking again can help, and when. */
export interface RetryAdvice {
  /** As the server asked for (`Retry-After`), in milliseconds; null where it did not say. */
  readonly afterMs: number | null;
}

/** Nobody answered, or not in time, or it was not whom we wanted to speak to, or nobody who can answer now. */
export class UpstreamUnreachableError extends StoreError {
  readonly code = 'upstream-unreachable';
  /** Null where asking again cannot help: an unknown name, a certificate that is not trusted. */
  readonly retry: RetryAdvice | null;

  constructor(
    readonly where: string,
    readonly why: string,
    { retry = null, ...options }: ErrorOptions & { readonly retry?: RetryAdvice | null } = {},
  ) {
    super(`${where} cannot be reached: ${why}`, { url: where }, options);
    this.retry = retry;
  }
}

/** Somebody answered, and not as the one would whom we wanted to speak to. */
export class UpstreamAnswerError extends StoreError {
  readonly code = 'upstream-answer';

  constructor(where: string, why: string, options?: ErrorOptions) {
    super(`${where} ${why}`, { url: where }, options);
  }
}

/** Secrets are not sent in clear over a network. */
export class UpstreamInsecureError extends StoreError {
  readonly code = 'upstream-insecure';

  constructor(where: string) {
    super(`${where} is not https, and not on this machine: nothing was sent there`, { url: where });
  }
}

/** The server wants other credentials than it was given. */
export class UpstreamDeniedError extends StoreError {
  readonly code = 'upstream-denied';

  constructor(where: string, why: string) {
    super(`${where} does not let you in: ${why}`, { url: where });
  }
}
