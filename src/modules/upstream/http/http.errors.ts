import { StoreError } from '../../../kernel/store-error.js';

/** Nobody answered, or not in time, or it was not whom we wanted to speak to. */
export class UpstreamUnreachableError extends StoreError {
  readonly code = 'upstream-unreachable';

  constructor(where: string, why: string, options?: ErrorOptions) {
    super(`${where} cannot be reached: ${why}`, { url: where }, options);
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
