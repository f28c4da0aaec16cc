import { Module } from '@nestjs/common';

import { BlobsModule } from '../blobs/index.js';
import { CatalogModule } from '../catalog/index.js';
import { KeysModule } from '../keys/index.js';
import { InventoryService } from './inventory/inventory.service.js';

@Module({
  imports: [BlobsModule, CatalogModule, KeysModule],
  providers: [InventoryService],
  exports: [InventoryService],
})
export class SnapExportModule {}
