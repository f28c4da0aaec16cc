import { StoreError } from '../../kernel/store-error.js';

/** The request is not what its endpoint takes. */
export class BadRequestError extends StoreError {
  readonly code = 'bad-request';
}

export class PortInUseError extends StoreError {
  readonly code = 'port-in-use';

  constructor(host: string, port: number) {
    super(`port ${port} on ${host} is taken by another program`, { host, port });
  }
}

export class CannotListenError extends StoreError {
  readonly code = 'cannot-listen';
}

export class TooManyBytesError extends StoreError {
  readonly code = 'too-many-bytes';
}
