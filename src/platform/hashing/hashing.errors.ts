import { StoreError } from '../../kernel/store-error.js';

/** More content waits to be hashed than the store is willing to remember; try again later. */
export class HashQueueFullError extends StoreError {
  readonly code = 'hash-queue-full';

  constructor(waiting: number) {
    super(`${waiting} files wait to be hashed already`, { waiting });
  }
}

/** The thread that hashed is gone: it failed, or the store is stopping. */
export class HashWorkerLostError extends StoreError {
  readonly code = 'hash-worker-lost';
}
