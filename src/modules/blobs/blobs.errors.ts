import { StoreError } from '../../kernel/store-error.js';

/** The disk, or the quota of the store's user, has no room for what is coming in. */
export class StorageFullError extends StoreError {
  readonly code = 'disk-full';

  constructor(what: string, cause: unknown) {
    super(`no room is left on the disk for ${what}`, { what }, { cause });
  }
}

/** The storage does not do what it must: an I/O error, a folder that may not be written to. */
export class StorageFailedError extends StoreError {
  readonly code = 'storage-failed';
}

/** The file changed between the check and its first byte; the next request checks it anew. */
export class BlobChangedError extends StoreError {
  readonly code = 'blob-changed';

  constructor(sha3_384: string) {
    super(`blob ${sha3_384.slice(0, 16)}… changed while it was being opened`, { sha3_384 });
  }
}

/** A blob that was held when the import looked was removed by someone before the import ended. */
export class BlobGoneError extends StoreError {
  readonly code = 'blob-gone';

  constructor(sha3_384: string) {
    super(`blob ${sha3_384.slice(0, 16)}… was removed while it was being imported again: push again`, { sha3_384 });
  }
}
