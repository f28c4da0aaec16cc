import { Module } from '@nestjs/common';

import { AssertionsModule } from '../assertions/index.js';
import { CatalogModule } from '../catalog/index.js';
import { KeysModule } from '../keys/index.js';
import { ValidationSetService } from './validation-set.service.js';

@Module({
  imports: [AssertionsModule, CatalogModule, KeysModule],
  providers: [ValidationSetService],
  exports: [ValidationSetService],
})
export class ValidationSetsModule {}
