import { Module } from '@nestjs/common';

import { DataDirectory } from '../../platform/config/data-directory.js';
import { BlobIntakes } from './blob-intake.js';
import { BlobProver } from './blob-prover.js';
import { BlobReader } from './blob-reader.js';
import { BlobRepository } from './blob.repository.js';
import { BlobStorage } from './blob-storage.js';
import { Collector } from './collector.js';
import { LocalBlobStorage } from './local-blob-storage.js';
import { Scrubber } from './scrubber.js';

@Module({
  providers: [
    {
      provide: BlobStorage,
      inject: [DataDirectory],
      useFactory: (data: DataDirectory) => new LocalBlobStorage(data.folder('blobs')),
    },
    BlobRepository,
    BlobProver,
    BlobReader,
    BlobIntakes,
    Collector,
    Scrubber,
  ],
  exports: [BlobStorage, BlobRepository, BlobReader, BlobIntakes, Collector, Scrubber],
})
export class BlobsModule {}
