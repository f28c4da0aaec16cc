import { Module } from '@nestjs/common';

import { AirgapPolicyModule } from '../modules/airgap-policy/index.js';
import { BlobsModule } from '../modules/blobs/index.js';
import { CatalogModule } from '../modules/catalog/index.js';
import { HttpsModule } from '../modules/https/index.js';
import { SnapImportModule } from '../modules/snap-import/index.js';
import { PlatformHttpModule } from '../platform/http/platform-http.module.js';
import { HealthService } from './health/health.service.js';
import { ObservabilityController } from './http/observability.controller.js';
import { MetricsAccess } from './metrics/metrics-access.js';
import { MetricsListener } from './metrics/metrics-listener.js';
import { MetricsSource } from './metrics/metrics-source.js';
import { StoreFactsReader } from './metrics/store-facts.js';
import { StoreMetrics } from './metrics/store-metrics.js';

@Module({
  imports: [PlatformHttpModule, CatalogModule, BlobsModule, HttpsModule, SnapImportModule, AirgapPolicyModule],
  controllers: [ObservabilityController],
  providers: [HealthService, StoreFactsReader, StoreMetrics, MetricsSource, MetricsAccess, MetricsListener],
  exports: [MetricsSource, MetricsListener],
})
export class ObservabilityModule {}
