export { BlobIntake, BlobIntakes, type ReceivedBlob, type ReceiveOptions } from './blob-intake.js';
export { BlobReader, type ServableBlob } from './blob-reader.js';
export { BlobStorage, type OpenFile, type ReadRange, type StagedFile, type StoredFile } from './blob-storage.js';
export { Blob, type BlobState } from './blob.entity.js';
export { BlobRepository, BLOBS_TOPIC } from './blob.repository.js';
export { BlobChangedError, BlobGoneError, StorageFailedError, StorageFullError } from './blobs.errors.js';
export { BlobsModule } from './blobs.module.js';
export { Collector, type CollectedBlob, type CollectionReport } from './collector.js';
export { Scrubber, type ScrubOptions, type ScrubProgress, type ScrubReport } from './scrubber.js';
