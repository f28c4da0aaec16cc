import { Module } from '@nestjs/common';

import { AssertionsModule } from '../assertions/index.js';
import { BlobsModule } from '../blobs/index.js';
import { CatalogModule } from '../catalog/index.js';
import { KeysModule } from '../keys/index.js';
import { ExportService } from './export/export.service.js';
import { InventoryService } from './inventory/inventory.service.js';

@Module({
  imports: [AssertionsModule, BlobsModule, CatalogModule, KeysModule],
  providers: [ExportService, InventoryService],
  exports: [ExportService, InventoryService],
})
export class SnapExportModule {}
