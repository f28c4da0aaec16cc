/** What a storage says of a file without reading it. */
export interface StoredFile {
  readonly sizeBytes: number;
  /** Changes whenever the content may have changed. Compared, never interpreted. */
  readonly stamp: string;
}

/** Both ends are part of the range; absent ends are those of the file. */
export interface ReadRange {
  readonly start?: number;
  readonly end?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A file that is open for reading; what it says of itself and what it reads belong together. Whoever opened it closes it. */
export interface OpenFile extends StoredFile {
  /** Fills the memory with what is at the position. @returns how many bytes, fewer only at the end of the file */
  readInto(memory: Buffer, position: number): Promise<number>;
  /** Exactly `length` bytes. @throws StorageFailedError where the file ends earlier */
  read(position: number, length: number): Promise<Buffer>;
  /** The bytes of the range in pieces of at most 1 MiB. */
  chunks(range?: ReadRange): AsyncGenerator<Buffer, void, undefined>;
  close(): Promise<void>;
}

/** A file on its way in: written from start to end, then kept or thrown away. */
export interface StagedFile {
  /** Appends; the block may be reused once this resolves. @throws StorageFullError, StorageFailedError */
  write(block: Uint8Array): Promise<void>;
  /** Makes all that was written durable and lets it be read. */
  finish(): Promise<void>;
  open(): Promise<OpenFile>;
  /** Moves the file under its final name and makes that durable. What was there under this name is replaced at once. */
  publish(sha3_384Hex: string): Promise<StoredFile>;
  discard(): Promise<void>;
}

/**
 * Where blobs are kept, by content: the local file system, or a service that stores objects. Nothing that is staged can be
 * seen under a digest before it is published.
 */
export abstract class BlobStorage {
  /** `stagingId` groups what one import stages. `what` names the file in errors. */
  abstract stage(stagingId: string, what: string): Promise<StagedFile>;
  abstract stagingIds(): Promise<string[]>;
  /** Throws away all that is staged under the id. */
  abstract removeStaging(stagingId: string): Promise<void>;

  /** Null where there is no such file. */
  abstract stat(sha3_384Hex: string): Promise<StoredFile | null>;
  /** Null where there is no such file. */
  abstract open(sha3_384Hex: string): Promise<OpenFile | null>;
  /**
   * Lends the file to a program that reads it by itself: `work` gets a path, which is good for as long as it runs.
   * @returns null where there is no such file
   */
  abstract lend<T>(sha3_384Hex: string, work: (path: string) => Promise<T>): Promise<T | null>;
  /** The digests of all files, in no order. */
  abstract list(): AsyncGenerator<string, void, undefined>;
  /** Not an error where there is no such file. */
  abstract remove(sha3_384Hex: string): Promise<void>;
}
