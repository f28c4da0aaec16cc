import { Module } from '@nestjs/common';

import { AirgapPolicyModule } from '../airgap-policy/index.js';
import { AssertionsModule } from '../assertions/index.js';
import { KeysModule } from '../keys/index.js';
import { AssertionFetchService } from './assertions/assertion-fetch.service.js';
import { FetchService } from './carry/fetch.service.js';

@Module({
  imports: [AirgapPolicyModule, AssertionsModule, KeysModule],
  providers: [AssertionFetchService, FetchService],
  exports: [AssertionFetchService, FetchService],
})
export class SnapFetchModule {}
