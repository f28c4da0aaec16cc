import { Module } from '@nestjs/common';

import { AssertionRepository } from './assertion.repository.js';
import { AssertionService } from './assertion.service.js';
import { TrustedRootsService } from './trusted-roots.service.js';

@Module({
  providers: [AssertionRepository, AssertionService, TrustedRootsService],
  exports: [AssertionService, TrustedRootsService],
})
export class AssertionsModule {}
