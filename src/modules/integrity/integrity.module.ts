import { Module } from '@nestjs/common';

import { AssertionsModule } from '../assertions/index.js';
import { BlobsModule } from '../blobs/index.js';
import { CatalogModule } from '../catalog/index.js';
import { IntegrityRepository } from './integrity.repository.js';
import { SnapRemover } from './snap-remover.js';
import { StoreFacts } from './store-facts.js';
import { StoreVerifier } from './store-verifier.js';

@Module({
  imports: [AssertionsModule, BlobsModule, CatalogModule],
  providers: [IntegrityRepository, SnapRemover, StoreFacts, StoreVerifier],
  exports: [SnapRemover, StoreFacts, StoreVerifier],
})
export class IntegrityModule {}
