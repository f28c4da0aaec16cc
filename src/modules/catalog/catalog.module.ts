import { Module } from '@nestjs/common';

import { CatalogWriter } from './catalog-writer.js';
import { ReleaseRepository } from './repositories/release.repository.js';
import { RevisionRepository } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';

@Module({
  providers: [SnapRepository, RevisionRepository, ReleaseRepository, CatalogWriter],
  exports: [CatalogWriter],
})
export class CatalogModule {}
