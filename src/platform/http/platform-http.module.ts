import { Module } from '@nestjs/common';

import { BaseUrl } from './base-url.js';
import { RequestTally } from './request-tally.js';
import { Responder } from './responder.js';
import { StoreUrl } from './store-url.js';

/** What answers devices, for the modules that have something to answer. */
@Module({
  providers: [BaseUrl, RequestTally, Responder, StoreUrl],
  exports: [BaseUrl, RequestTally, Responder, StoreUrl],
})
export class PlatformHttpModule {}
