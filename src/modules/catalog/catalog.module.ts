import { Module } from '@nestjs/common';

import { PlatformHttpModule } from '../../platform/http/platform-http.module.js';
import { AssertionsModule } from '../assertions/index.js';
import { BlobsModule } from '../blobs/index.js';
import { CatalogWriter } from './catalog-writer.js';
import { CohortSecret } from './cohorts/cohort-secret.js';
import { CohortDesk } from './cohorts/cohort-desk.service.js';
import { CohortService } from './cohorts/cohort.service.js';
import { ComponentWriter } from './component-writer.js';
import { DefaultTrackService } from './default-track.service.js';
import { DeltaMaker } from './deltas/delta-maker.js';
import { DeltaRepository } from './deltas/delta.repository.js';
import { DeltaService } from './deltas/delta.service.js';
import { DeltaWorker } from './deltas/delta-worker.js';
import { Xdelta3 } from './deltas/xdelta3.js';
import { AssertionFetches } from './device/assertion-fetches.js';
import { AssertionsService } from './device/assertions.service.js';
import { CohortsAnswerService } from './device/cohorts-answer.service.js';
import { DeviceApi } from './device/device-api.js';
import { DownloadsService } from './device/downloads.service.js';
import { MediaService } from './device/media.service.js';
import { InfoService } from './device/info.service.js';
import { RefreshService } from './device/refresh.service.js';
import { RevisionDocuments } from './device/revision-documents.js';
import { TermsService } from './device/terms.service.js';
import { DeviceController } from './http/device.controller.js';
import { DeviceLane } from './http/device-lane.js';
import { HeldSnapsService } from './held-snaps.service.js';
import { ListingService } from './listing.service.js';
import { ReleaseService } from './release.service.js';
import { RemovalService } from './removal.service.js';
import { FileReferences } from './repositories/file-references.js';
import { ReleaseRepository } from './repositories/release.repository.js';
import { ComponentRepository } from './repositories/component.repository.js';
import { RevisionRepository } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';
import { AssertionCache } from './snapshot/assertion-cache.js';
import { CatalogueService } from './search/catalogue.service.js';
import { CurationRepository } from './search/curation.repository.js';
import { CurationService } from './search/curation.service.js';
import { FoundSnaps } from './search/found-snaps.js';
import { SearchHealth } from './search/search-health.js';
import { SearchIndexer } from './search/search-indexer.js';
import { SearchRepository } from './search/search.repository.js';
import { SearchService } from './search/search.service.js';
import { TrigramsRepository } from './search/trigrams.repository.js';
import { CatalogSnapshot } from './snapshot/catalog-snapshot.js';
import { EntryLoader } from './snapshot/entry-loader.js';
import { ValidationSets } from './snapshot/validation-sets.js';

@Module({
  imports: [PlatformHttpModule, AssertionsModule, BlobsModule],
  controllers: [DeviceController],
  providers: [
    SnapRepository,
    RevisionRepository,
    ReleaseRepository,
    FileReferences,
    ComponentRepository,
    DeltaRepository,
    DeltaMaker,
    DeltaService,
    DeltaWorker,
    { provide: Xdelta3, useFactory: () => new Xdelta3() },
    CatalogWriter,
    ComponentWriter,
    ReleaseService,
    RemovalService,
    ListingService,
    HeldSnapsService,
    EntryLoader,
    CatalogSnapshot,
    AssertionCache,
    ValidationSets,
    CohortSecret,
    CohortService,
    CohortDesk,
    DefaultTrackService,
    TermsService,
    CohortsAnswerService,
    RevisionDocuments,
    InfoService,
    AssertionFetches,
    RefreshService,
    AssertionsService,
    DownloadsService,
    MediaService,
    SearchRepository,
    TrigramsRepository,
    CurationRepository,
    CurationService,
    SearchIndexer,
    SearchHealth,
    FoundSnaps,
    SearchService,
    CatalogueService,
    DeviceApi,
    DeviceLane,
  ],
  exports: [
    CatalogWriter,
    CohortDesk,
    DefaultTrackService,
    DeltaService,
    DeltaWorker,
    Xdelta3,
    ComponentWriter,
    ReleaseService,
    RemovalService,
    ListingService,
    HeldSnapsService,
    CurationService,
    SearchIndexer,
    SearchHealth,
  ],
})
export class CatalogModule {}
