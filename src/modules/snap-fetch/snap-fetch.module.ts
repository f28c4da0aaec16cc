import { Module } from '@nestjs/common';

import { AirgapPolicyModule } from '../airgap-policy/index.js';
import { AssertionsModule } from '../assertions/index.js';
import { KeysModule } from '../keys/index.js';
import { FetchService } from './carry/fetch.service.js';

@Module({
  imports: [AirgapPolicyModule, AssertionsModule, KeysModule],
  providers: [FetchService],
  exports: [FetchService],
})
export class SnapFetchModule {}
